"""Merged equals unmerged: folding the update into W0 changes nothing in the output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from bench.audit.merging import merged
from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import ROUNDING, Subject, distance
from bench.case import Case
from bench.operators._base import Adapter, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Merged it gives what it gives unmerged, also in float32 and bfloat16 to their rounding."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: adapters at scope `projection`."""
    return isinstance(operator, Adapter) and "projection" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "merged equals unmerged" if getattr(operator, "mergeable", False) else ""


def observe(subject: Subject) -> Observation:
    """Merges after the weights were drawn, in three dtypes; each may round W0, the update and the products."""
    if not claimed(subject.operator):
        return Observation(None, "is not merged")
    cases = [
        case
        for dtype in ("float64", "float32", "bfloat16")
        for case in subject.sizes(("projection",), lengths=(1, 3, 33), dtype=dtype)
    ]
    if not subject.failure(cases[0]) and merged(*subject.adapted(cases[0], perturbed=True)[::2]) is None:
        return Observation(None, "has nothing to merge with")
    return search(subject, cases, lambda case: _probe(subject, case))


def _probe(subject: Subject, case: Case) -> Iterator[Trial]:
    module, _, x = subject.adapted(case, perturbed=True)
    unmerged = module(x).detach()
    folded: Any = merged(module, x)
    allowed = max(ROUNDING, 16 * torch.finfo(x.dtype).eps)
    if folded is None:
        return
    yield Trial(
        case=case,
        did=f"merging ({folded.how}) changes the output",
        off=distance(folded.output, unmerged),
        allowed=allowed,
    )
