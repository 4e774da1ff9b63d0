"""Scores beyond what half precision can hold: |q·k| = 100 000."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, given, output
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "With |q·k| = 1e5 the output is finite in float32, bfloat16 and float16."


_PRODUCT = 1e5  # float16 ends at 65 504


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core`."""
    return isinstance(operator, Attention) and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words; features of q and k, whose products are taken unscaled, overflow in float16."""
    exact = isinstance(operator, Attention) and operator.exact
    return "finite at |q·k| = 1e5" if exact else ""


def observe(subject: Subject) -> Observation:
    """Makes all keys point along their queries, against them, and each its own way."""
    cases = [
        case
        for dtype in ("float32", "bfloat16", "float16")
        for case in subject.sizes(("core",), lengths=(1, 2, 8, 33), dtype=dtype)
    ]
    return search(subject, cases, _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors = given(case)
    side = (_PRODUCT / (case.head_dim or 1)) ** 0.5
    for name, signs in {
        "along the queries": torch.ones(()),
        "against the queries": -torch.ones(()),
        "each its own way": tensors["k"].sign(),
    }.items():
        large = {**tensors, "q": torch.full_like(tensors["q"], side), "k": torch.full_like(tensors["k"], side)}
        large["k"] = large["k"] * signs.to(large["k"].dtype)
        finite = bool(output(case, large).isfinite().all())
        yield Trial(
            case=case,
            did=f"|q·k| = 1e5, keys {name}: outputs differ from finite ones",
            off=0.0 if finite else float("inf"),
        )
