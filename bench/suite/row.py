"""A case as a row of the table: what it is, and what its closed forms say. Names are those of `bench.column`."""

from __future__ import annotations

import dataclasses
from typing import Any

from bench import operators
from bench.case import Case
from bench.suite.estimate import memory_bytes
from bench.suite.group import why_not_timed
from bench.suite.status import Planned

__all__ = ["case_row", "cost_row", "planned_row"]

_CLOSED_FORMS = (
    "flops_formula",
    "flops_ideal",
    "flops_counter_gap",
    "bytes_min",
    "bytes_algorithm",
    "saved_for_backward_bytes",
    "parameters",
    "trainable_parameters",
    "kv_cache_bytes",
)


def case_row(case: Case) -> dict[str, Any]:
    """Gives the columns that say which case it is; absent is None, and no operator is asked."""
    fields = {field.name: getattr(case, field.name) for field in dataclasses.fields(case)}
    fields["options"] = " ".join(f"{name}={value:g}" for name, value in case.options) or None
    if case.task is not None:
        fields["input"] = None  # its task's samples
    return {"case_id": case.case_id, "case_hash": case.case_hash, **fields}


def cost_row(case: Case) -> dict[str, Any]:
    """Gives the columns of the operator's closed forms; a network that does a task is counted, and has none."""
    if case.task is not None:
        return dict.fromkeys(_CLOSED_FORMS)
    cost, phase, own = operators.cost(case), case.phase, operators.of(case) is operators.load(case.operator)
    return {
        "flops_formula": cost.flops(phase),
        "flops_ideal": round(cost.flops(phase) * cost.ideal_share),
        "flops_counter_gap": cost.counter_gap(phase) if own else None,
        "bytes_min": cost.bytes_min,
        "bytes_algorithm": cost.bytes_algorithm if own else None,
        "saved_for_backward_bytes": cost.saved_bytes if phase == "train" else None,
        "parameters": cost.parameters,
        "trainable_parameters": cost.trainable_parameters,
        "kv_cache_bytes": cost.kv_cache_bytes,
    }


def planned_row(planned: Planned, suite: str) -> dict[str, Any]:
    """Gives a row of a plan; a case that has no meaning has no closed forms."""
    case = planned.case
    row = {"suite": suite, "sweep": planned.sweep, **case_row(case)}
    row["rank_kind"] = operators.load(case.operator).rank_kind
    if planned.status == "unsupported":
        row |= dict.fromkeys((*_CLOSED_FORMS, "estimated_peak_bytes"))
    else:
        row |= cost_row(case) | {"estimated_peak_bytes": memory_bytes(case)}
    reason = planned.reason or (why_not_timed(case) if planned.status == "planned" else "")
    return row | {"status": planned.status, "reason": reason or None}
