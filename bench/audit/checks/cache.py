"""What phase `decode` keeps of the tokens so far, counted in the tensors that hold it, against the closed form."""

from __future__ import annotations

from bench.audit.counted import against_closed_form
from bench.audit.observation import Observation
from bench.audit.subject import Subject
from bench.measure.metrics import cache
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "The cache of phase decode has as many bytes as the closed form says."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: where there is a phase `decode`."""
    return "decode" in operator.phases


def claimed(operator: Operator) -> str:
    """Gives the claim in words; of a package's the count is reported beside our closed form."""
    return "" if operator.package else "cache bytes of the closed form"


def observe(subject: Subject) -> Observation:
    """Counts the storages of the cache at every scope, in float64 and float32, with fewer key heads where it may."""
    forms = [form for form in subject.forms() if form.get("mask") is None]
    cases = [
        case
        for form in forms
        for dtype in ("float64", "float32")
        for case in subject.cases(phases=("decode",), dtype=dtype, **form)
    ]
    return against_closed_form(
        subject,
        cases,
        lambda cost, case: cost.kv_cache_bytes or 0,
        lambda built: cache.measure(built).get("kv_cache_counted_bytes"),
    )
