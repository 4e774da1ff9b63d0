"""FLOPs as torch counts them, against the closed form less the gap that the operator declares."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.audit.counted import against_closed_form
from bench.audit.observation import Observation
from bench.audit.subject import Subject, given
from bench.measure import workload
from bench.measure.metrics import flops
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "torch counts as many FLOPs as the closed form says, less the declared gap."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words; of a package's the count is reported beside our closed form."""
    if operator.uncounted:
        return operator.uncounted
    return "" if operator.package else "FLOPs of the closed form"


def observe(subject: Subject) -> Observation:
    """Counts every scope and phase in every form; where torch is said to be unable to count, it must be."""
    cases = [case for form in subject.forms() for case in subject.cases(**form)]
    if not subject.operator.uncounted:
        return against_closed_form(
            subject,
            cases,
            lambda cost, case: cost.flops(case.phase) - cost.counter_gap(case.phase),
            lambda built: flops.measure(built).get("flops_counted"),
        )
    for case in cases:
        built = workload.build(case, given(case))
        try:
            with FlopCounterMode(display=False) as counter:
                built.call()
        except (TypeError, RuntimeError):  # also NotImplementedError
            torch._dynamo.reset()  # it would keep from compiling what failed under the counter
            continue
        return Observation(False, f"{counter.get_total_flops():,} FLOPs counted", f"{case.case_id}, seed 0")
    return Observation(True, f"torch cannot count in {len(cases)} cases")
