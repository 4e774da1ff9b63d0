"""Weights that are an average: each row of the (implied) matrix sums to one."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.matrix import magnitudes, matrix_of
from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Each row of its matrix sums to one."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core` that are linear in v."""
    return isinstance(operator, Attention) and operator.linear_in_v and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "rows that sum to one" if getattr(operator, "rows_sum_to_one", False) else ""


def observe(subject: Subject) -> Observation:
    """Reads the matrix off by feeding the identity as values; q and k as drawn, and eight times as large."""
    return search(subject, subject.sizes(("core",)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    for magnitude in magnitudes(case):
        sums = matrix_of(case, magnitude).sum(dim=-1)
        off = distance(sums, torch.ones_like(sums))
        yield Trial(case=case, did=f"the sum of a row differs from 1 (q, k from N(0, {magnitude:g}²))", off=off)
