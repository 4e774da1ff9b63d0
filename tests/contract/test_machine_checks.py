"""Every check of the catalogue says what it looks at, and never fails because something cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.machine import checks
from bench.machine.finding import Finding, Sight
from bench.machine.watch import Watched

NAMES = checks.names()


@pytest.fixture
def nothing(tmp_path: Path) -> Sight:
    """A machine of which nothing can be read."""
    counted = ("busy_cores", "steal_cores", "waiting_share", "swapped_pages", "throttled")
    watched = Watched(seconds=1.0, **dict.fromkeys(counted))
    return Sight(root=tmp_path, cpus=(0,), cores=1, memory_bytes=0, environment={}, watched=watched)


@pytest.mark.parametrize("name", NAMES)
def test_a_check_says_in_one_sentence_what_it_looks_at(name: str) -> None:
    about = checks.load(name).about

    assert about.endswith(".")
    assert "\n" not in about


@pytest.mark.parametrize("name", NAMES)
def test_a_check_gives_findings_where_nothing_can_be_read(name: str, nothing: Sight) -> None:
    found = checks.load(name).examine(nothing)

    assert found
    assert all(isinstance(finding, Finding) for finding in found)
