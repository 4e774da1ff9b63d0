"""The suite's cases as plain calls, for the programs with which the gate is compared."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.suite.expand import expand
from bench.suite.group import with_baselines
from bench.suite.read import read

SUITE = Path(__file__).parents[2] / "suites" / "gate.yaml"


def names() -> list[str]:
    """Gives the names of what is planned."""
    return list(_planned())


@functools.cache
def call(name: str) -> Callable[[], Any]:
    """Sets a case up, with as many threads as the process may use cores, and gives its call."""
    from bench.measure import workload

    return workload.build(_planned()[name]).call


@functools.cache
def _planned() -> dict[str, Any]:
    planned = with_baselines(expand(read(SUITE)))
    return {each.case.case_id: each.case for each in planned if each.status == "planned"}
