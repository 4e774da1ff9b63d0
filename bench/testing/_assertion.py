"""Checks of the audit as assertions: what the audit would print as a claim that does not hold is raised."""

from __future__ import annotations

import functools
from typing import Protocol

from bench import audit
from bench.audit.examine import examine
from bench.audit.subject import Subject

__all__ = ["Assertion", "assertion", "claim"]


class Assertion(Protocol):
    """A property as an assertion."""

    __name__: str

    def __call__(self, operator: str, device: str = "cpu") -> None:
        """Raises AssertionError where an operator breaks its claim on a device, `cpu` or `cuda`."""


def claim(holds: bool, name: str, claimed: str, observed: object) -> None:
    """Raises AssertionError unless the claim holds."""
    if not holds:
        raise AssertionError(f"{name}: claims {claimed}; observed {observed}")


@functools.cache
def assertion(name: str) -> Assertion:
    """Gives the check of one property of `bench.audit`.

    What the operator does not claim passes. The text has the claim, what was observed, and the smallest input.
    """
    about = audit.load(name).about

    def check(operator: str, device: str = "cpu") -> None:
        row = examine(Subject(operator, device=device), name)
        where = f" at {row.evidence}" if row.evidence else ""
        claim(row.holds is not False, operator, str(row.claimed), f"{row.observed}{where}")

    check.__name__ = check.__qualname__ = f"check_{name}"
    check.__doc__ = about
    return check
