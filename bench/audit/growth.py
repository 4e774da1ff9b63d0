"""How a cost grows with the sequence length: exponents fitted through three lengths, counted and by closed form."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from bench.audit.observation import Observation
from bench.audit.subject import Subject, calling, given
from bench.cost import Cost
from bench.measure import workload

__all__ = ["exponent", "growth"]

LENGTHS = {"cpu": (128, 256, 512), "cuda": (512, 1024, 2048)}
"""device -> lengths; what CUDA's libraries of linear algebra hold whatever the length is some MiB."""
_ALLOWED = 0.15
"""Difference of exponents: a factor of 1.23 over the fourfold length, what a constant part of a cost may hide."""


def growth(
    subject: Subject, closed_form: Callable[[Cost], float], count: Callable[[workload.Workload], float | None]
) -> Observation:
    """Fits both exponents at the smallest scope that there is, forward, in float32, batch 1, rank 4.

    Args:
        subject: the implementation.
        closed_form: gives the number of a case's cost.
        count: counts in what was built; nothing where it cannot.
    """
    scopes = sorted(subject.operator.scopes & {"core", "layer"})[:1]
    shape: dict[str, Any] = {"batch_size": 1, "dtype": "float32", "rank": 4 if subject.own.has_rank else None}
    lengths = LENGTHS[subject.device]
    cases = [case for n in lengths for case in subject.cases(scopes, ("forward",), seq_len=n, **shape)]
    if len(cases) < len(lengths):
        return Observation(None, subject.why_not())
    if reason := subject.failure(cases[0]):
        return Observation(False, f"raises {reason}", f"{cases[0].case_id}, seed 0")
    counted = []
    for case in cases:
        with calling(case):
            counted.append(count(workload.build(case, given(case))) or 0.0)
    formula = [closed_form(subject.operator.cost(case)) for case in cases]
    if not all(counted) or not all(formula):
        return Observation(None, "torch counts none of it")
    found, expected = exponent(lengths, counted), exponent(lengths, formula)
    words = f"n^{found:.2f}, closed form n^{expected:.2f}"
    return Observation(abs(found - expected) <= _ALLOWED, words, f"{cases[0].case_id} to n={lengths[-1]}")


def exponent(lengths: Sequence[float], costs: Sequence[float]) -> float:
    """Gives the slope of the least-squares line through (ln n, ln cost)."""
    x, y = [math.log(n) for n in lengths], [math.log(cost) for cost in costs]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    products = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True))
    return products / sum((a - x_mean) ** 2 for a in x)
