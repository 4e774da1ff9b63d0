"""Weights that are an average: no entry of the (implied) matrix is negative."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.matrix import magnitudes, matrix_of
from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "No entry of its matrix is negative."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core` that are linear in v."""
    return isinstance(operator, Attention) and operator.linear_in_v and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "no negative weight" if getattr(operator, "nonnegative", False) else ""


def observe(subject: Subject) -> Observation:
    """Reads the matrix off by feeding the identity as values; q and k as drawn, and eight times as large."""
    return search(subject, subject.sizes(("core",)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    for magnitude in magnitudes(case):
        lowest = float(matrix_of(case, magnitude).min())
        yield Trial(case=case, did=f"a weight lies below 0 (q, k from N(0, {magnitude:g}²))", off=max(-lowest, 0.0))
