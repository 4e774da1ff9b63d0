"""Checks of the audit as assertions: what the audit would print as a claim that does not hold is raised."""

from __future__ import annotations

import functools
from collections.abc import Callable

from bench import audit
from bench.audit.examine import examine
from bench.audit.subject import Subject

__all__ = ["assertion", "claim"]


def claim(holds: bool, name: str, claimed: str, observed: object) -> None:
    """Raises AssertionError unless the claim holds."""
    if not holds:
        raise AssertionError(f"{name}: claims {claimed}; observed {observed}")


@functools.cache
def assertion(name: str) -> Callable[[str], None]:
    """Gives the check of one property of `bench.audit`: it takes an operator's name and raises AssertionError.

    What the operator does not claim passes. The text has the claim, what was observed, and the smallest input.
    """
    about = audit.load(name).about

    def check(operator: str) -> None:
        row = examine(Subject(operator), name)
        where = f" at {row.evidence}" if row.evidence else ""
        claim(row.holds is not False, operator, str(row.claimed), f"{row.observed}{where}")

    check.__name__ = check.__qualname__ = f"check_{name}"
    check.__doc__ = about
    return check
