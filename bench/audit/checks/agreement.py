"""A package's implementation beside ours: the same weights, the same input, the same output."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "A package's implementation gives what ours gives, to rounding, where the definitions agree."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: another package's implementation."""
    return bool(operator.package)


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "gives what ours gives" if operator.agrees else ""


def observe(subject: Subject) -> Observation:
    """Compares in float64 at every length, in every form that the package has."""
    return search(subject, [case for form in subject.forms() for case in subject.sizes(**form)], _pair(subject))


def _pair(subject: Subject) -> Callable[[Case], Iterator[Trial]]:
    def probe(case: Case) -> Iterator[Trial]:
        ours = output(case.replace(provider=subject.own.provider), given(case))
        yield Trial(case=case, did="its output differs from ours", off=distance(output(case, given(case)), ours))

    return probe
