"""Fewer queries than keys, as in decoding and cross-attention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "With fewer queries than keys an exact attention gives the last rows of what it gives with as many."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core`."""
    return isinstance(operator, Attention) and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words; only where rows do not depend on one another is there one answer."""
    return "fewer queries than keys" if "decode" in operator.phases or getattr(operator, "exact", False) else ""


def observe(subject: Subject) -> Observation:
    """Calls with the last query only, and with the last half of them; the causal form is aligned at the last key."""
    forms: list[dict[str, Any]] = [{}]
    if getattr(subject.operator, "causal", False) and getattr(subject.operator, "exact", False):
        forms.append({"causal": True})
    cases = [case for form in forms for case in subject.sizes(("core",), lengths=(2, 3, 5, 8, 16, 33), **form)]
    return search(subject, cases, _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors = given(case)
    whole = output(case, tensors)
    for queries in sorted({1, case.seq_len - case.seq_len // 2}):
        fewer = {**tensors, "q": tensors["q"][..., -queries:, :]}
        off = distance(output(case, fewer), whole[..., -queries:, :])
        yield Trial(case=case, did=f"asking for the last {queries} of {case.seq_len} rows changes them", off=off)
