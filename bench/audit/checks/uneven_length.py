"""Lengths that nothing divides: 33 tokens, 7, a prime."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, given, output
from bench.case import Case
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Any length is computed, also one that rank, segments and chunks do not divide, or is refused with a reason."


_UNEVEN = (5, 7, 33, 67)


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: for all but those of one projection, where tokens are alone."""
    return "core" in operator.scopes or operator.family != "adapter"


def claimed(operator: Operator) -> str:
    """Gives the claim in words; of a package the lengths that it takes are reported."""
    return "" if operator.package else "any length that it does not refuse"


def observe(subject: Subject) -> Observation:
    """Calls each form at lengths that 2, 4 and 64 do not divide."""
    forms = subject.forms()
    cases = [
        case
        for form in forms
        for scope in ("core", "layer")
        for n in _UNEVEN
        for case in subject.cases((scope,), ("forward",), seq_len=n, **form)
    ]
    refused = [
        (form, n, subject.operator.unsupported(case))
        for form in forms
        for n in _UNEVEN
        for scope in sorted(subject.operator.scopes & {"core", "layer"})[:1]
        for case in [subject.case(scope, seq_len=n, **form)]
        if subject.operator.unsupported(case)
    ]
    if refused and len(list(subject.sizes(("core", "layer")))):
        form, n, reason = refused[0]
        # told before anything is built: a limit of the operator, and no broken claim
        return Observation(None, f"refused: {reason}", f"n={n} {form}" if form else f"n={n}")
    for case in cases:  # other properties pass over what raises; this one is about that
        if reason := subject.failure(case):
            return Observation(False, f"raises {reason}", f"{case.case_id}, seed 0")
    return search(subject, cases, _probe)


def _probe(case: Case) -> Iterator[Trial]:
    finite = bool(output(case, given(case)).isfinite().all())
    yield Trial(case=case, did="outputs differ from finite ones", off=0.0 if finite else float("inf"))
