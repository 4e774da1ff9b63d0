"""Fewer key heads than query heads: each serves its group as if it were repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench import operators
from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output, softmax_attention
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Grouped key and value heads give what repeated ones give."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions only."""
    return isinstance(operator, Attention)


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "grouped heads" if getattr(operator, "gqa", False) else ""


def observe(subject: Subject) -> Observation:
    """Holds 4 query heads on 1 and on 2 key heads against 4 on 4, the key heads repeated."""
    if not claimed(subject.operator):
        return Observation(None, "needs as many key heads as query heads")
    shape: dict[str, Any] = {"num_heads": 4, "head_dim": 8, "hidden_size": 32}
    grouped = [case for heads in (1, 2) for case in subject.sizes(("core",), num_kv_heads=heads, **shape)]
    return search(subject, grouped, _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors, group = given(case), (case.num_heads or 1) // case.kv_heads
    repeated = {key: t if key == "q" else t.repeat_interleave(group, dim=1) for key, t in tensors.items()}
    whole = case.replace(num_kv_heads=None)
    only_grouped = operators.of(case).unsupported(whole) is not None  # then the formula stands for the whole
    expected = softmax_attention(whole, repeated) if only_grouped else output(whole, repeated)
    off = distance(output(case, tensors), expected)
    yield Trial(case=case, did=f"{case.kv_heads} key heads instead of 4 equal ones change the output", off=off)
