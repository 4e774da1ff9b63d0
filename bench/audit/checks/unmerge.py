"""Unmerging restores: what was merged and unmerged has W0 again, and gives what it gave."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.merging import merged
from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance
from bench.case import Case
from bench.operators._base import Adapter, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "After merging and unmerging W0 is what it was, within the dtype's rounding; told where not bit for bit."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: adapters at scope `projection`."""
    return isinstance(operator, Adapter) and "projection" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "unmerge restores W0" if getattr(operator, "mergeable", False) else ""


def observe(subject: Subject) -> Observation:
    """Merges and unmerges in three dtypes; where W0 is never written, asking for its merged form must not either."""
    if not claimed(subject.operator):
        return Observation(None, "is not merged")
    loss: dict[str, float] = {}

    def probe(case: Case) -> Iterator[Trial]:
        module, _, x = subject.adapted(case, perturbed=True)
        before = [weight.detach().clone() for weight in module.parameters()]
        plain = module(x).detach()
        folded = merged(module, x)
        if folded is None:
            return
        folded.unmerge()
        lost = max(distance(w.detach(), b) for w, b in zip(module.parameters(), before, strict=True))
        loss[case.dtype] = max(loss.get(case.dtype, 0.0), lost)
        # two roundings of a number as large as the merged weight, relative to the weight itself
        size = folded.largest / min(float(weight.abs().max()) for weight in before)
        allowed = 4 * torch.finfo(x.dtype).eps * max(1.0, size)
        yield Trial(
            case=case, did=f"merging and unmerging ({folded.how}) changes a weight", off=lost, allowed=allowed
        )
        off = distance(module(x).detach(), plain)
        yield Trial(case=case, did="merging and unmerging changes the output", off=off, allowed=4 * allowed)

    cases = [
        case
        for dtype in ("float64", "float32", "bfloat16")
        for case in subject.sizes(("projection",), lengths=(3,), dtype=dtype)
    ]
    if not subject.failure(cases[0]) and merged(*subject.adapted(cases[0], perturbed=True)[::2]) is None:
        return Observation(None, "has nothing to merge with")
    found = search(subject, cases, probe)
    if not found.seen or not loss:
        return found
    inexact = [f"{dtype} {off:.1e}" for dtype, off in loss.items() if off]
    return Observation(True, f"restores to rounding: {', '.join(inexact)}" if inexact else "restores bit for bit")
