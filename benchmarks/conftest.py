"""What the benchmarks share: a fork server, and the committed run that is read. Run: python -m pytest benchmarks"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.sweep.processes import ForkServer

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def reference() -> Path:
    """A run of suites/nlp.yaml as it was stored: its plan, its attempts and its table."""
    return min((ROOT / "results" / "reference").glob("nlp-*"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    server = ForkServer(tmp_path_factory.mktemp("server") / "workers.log")
    assert server.facts["torch"]
    yield server
    server.close()
