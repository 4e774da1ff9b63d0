"""A suite from its text, as a user writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.suite.model import Suite
from bench.suite.read import read

HEAD = "suite: small\nsweeps:\n"


@pytest.fixture
def suite_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Suite]:
    """Gives the suite whose file ``s.yaml``, in the current folder, holds a text."""
    monkeypatch.chdir(tmp_path)

    def suite(text: str) -> Suite:
        path = Path("s.yaml")
        path.write_text(text, encoding="utf-8")
        return read(path)

    return suite


@pytest.fixture
def sweep_of(suite_of: Callable[[str], Suite]) -> Callable[[str], Suite]:
    """Gives the suite with one sweep, ``one``, whose words are given as a YAML map; it begins at 3:8."""
    return lambda words: suite_of(f"{HEAD}  one: {words}\n")


@pytest.fixture
def root() -> Path:
    """Gives the repository."""
    return Path(__file__).parents[2]
