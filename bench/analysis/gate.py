"""What is exact, and what is an error, of two sides -> verdicts, without statistics.

Goes in: the table's columns of one case, as base and as head have them. Comes out: a verdict for each metric that at
least one side has. `bench ab` and `bench compare` judge by the same functions; latency is judged elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.verdict import Verdict

__all__ = ["ACCURACY", "EXACT", "accuracy_verdicts", "exact_verdicts"]

EXACT = (
    "peak_tensor_bytes",
    "peak_cuda_allocated_bytes",
    "saved_for_backward_bytes",
    "kv_cache_counted_bytes",
    "flops_counted",
    "parameters_counted",
    "trainable_parameters_counted",
)
"""Columns that a repeat gives to the last digit; less is better in each."""

ACCURACY = ("output_rel_error", "attention_rel_error", "rounding_rel_error", "agreement_rel_error")
"""Columns that are relative errors; less is better in each."""

_ROUNDING = frozenset({"rounding_rel_error", "agreement_rel_error"})
_ROUNDING_FACTOR = 2.0  # another order of summation changes a rounding error by as much
_ROUNDING_FLOOR = 1e-7  # float32 rounds by 6e-8
_MODEL_FLOOR = 1e-12  # what float64 leaves of an error that is none

_Judge = Callable[[str, float, float], tuple[str, str]]


def exact_verdicts(
    base: Mapping[str, Any], head: Mapping[str, Any], *, case_id: str, case_hash: str, group: str
) -> list[Verdict]:
    """Gives a verdict for each of the columns `EXACT`: any more is a regression, any less an improvement.

    Args:
        base: column -> value; absent, None and what is not finite are all absent. Other columns are left alone.
        head: the same of the other side.
        case_id: of the case, as of every verdict.
        case_hash: likewise.
        group: likewise.
    """

    def judge(_: str, before: float, after: float) -> tuple[str, str]:
        if after == before:
            return "unchanged", "equal"
        return ("regressed", "more") if after > before else ("improved", "less")

    return _verdicts(EXACT, base, head, judge, {"case_id": case_id, "case_hash": case_hash, "group": group})


def accuracy_verdicts(
    base: Mapping[str, Any], head: Mapping[str, Any], *, tolerance: float, case_id: str, case_hash: str, group: str
) -> list[Verdict]:
    """Gives a verdict for each of the columns `ACCURACY`: an error that grew beyond its tolerance is a regression.

    A model error (of the output, of the attention matrix) may grow by `tolerance` times itself and by 1e-12, which is
    rounding in float64. An error of rounding, and of agreement with another package, may double, since another order
    of summation does that, and grow by 1e-7, which float32 rounds by.

    Args:
        base: as in `exact_verdicts`.
        head: likewise.
        tolerance: 0.05 allows an error of 0.100 to become 0.105.
        case_id: of the case, as of every verdict.
        case_hash: likewise.
        group: likewise.
    """

    def judge(metric: str, before: float, after: float) -> tuple[str, str]:
        factor, floor = 1 + tolerance, _MODEL_FLOOR
        if metric in _ROUNDING:
            factor, floor = max(factor, _ROUNDING_FACTOR), _ROUNDING_FLOOR
        if after > factor * before + floor:
            return "regressed", "beyond_tolerance"
        if before > factor * after + floor:
            return "improved", "beyond_tolerance"
        return "unchanged", ("equal" if after == before else "within_tolerance")

    return _verdicts(ACCURACY, base, head, judge, {"case_id": case_id, "case_hash": case_hash, "group": group})


def _verdicts(
    metrics: Sequence[str], base: Mapping[str, Any], head: Mapping[str, Any], judge: _Judge, about: Mapping[str, Any]
) -> list[Verdict]:
    found = []
    for metric in metrics:
        before, after = _number(base.get(metric)), _number(head.get(metric))
        ratio = None
        if before is None and after is None:
            continue
        if before is None:
            verdict, reason = "new", "only_in_head"
        elif after is None:
            verdict, reason = "failed", "lost_in_head"
        else:
            verdict, reason = judge(metric, before, after)
            ratio = after / before if before > 0 else None
        found.append(
            Verdict(**about, metric=metric, verdict=verdict, reason=reason, base=before, head=after, ratio=ratio)
        )
    return found


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) or not math.isfinite(value) else float(value)
