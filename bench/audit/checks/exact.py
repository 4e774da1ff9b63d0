"""Exact attention: the same as the formula, always or at rank = seq_len."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.matrix import magnitudes
from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import LENGTHS, Subject, distance, given, output, softmax_attention
from bench.case import Case
from bench.operators._base import Attention, Operator
from bench.operators._queries import of_present_queries

__all__ = ["about", "applies", "claimed", "observe"]

about = "It equals softmax attention, always or at rank = seq_len, in each form that it has."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core`."""
    return isinstance(operator, Attention) and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    if getattr(operator, "exact", False):
        return "equals softmax attention"
    return "equals it at rank = seq_len" if getattr(operator, "exact_at_full_rank", False) else ""


def observe(subject: Subject) -> Observation:
    """Holds every form against the formula in float64, for the queries that are there; also eight times as large."""
    cases: list[Case] = []
    for form in subject.forms():
        if getattr(subject.operator, "exact", False) or not subject.own.has_rank:
            cases += subject.sizes(("core",), **form)
        else:
            cases += [
                case for n in LENGTHS for case in subject.cases(("core",), ("forward",), seq_len=n, rank=n, **form)
            ]
    return search(subject, cases, _probe)


def _probe(case: Case) -> Iterator[Trial]:
    for magnitude in magnitudes(case):
        tensors = given(case, magnitude=magnitude)
        both = (output(case, tensors), softmax_attention(case, tensors))
        off = distance(*(of_present_queries(one, tensors.get("mask")) for one in both))
        yield Trial(case=case, did=f"the output differs from the formula's (N(0, {magnitude:g}²))", off=off)
