"""What a case reached on its task, of two stored runs -> a verdict, apart from every other metric of the case.

Goes in: the table's columns of one case, as base and as head have them. Comes out: at most one verdict. Both values
come with their intervals, so that no rounds and no repetition are needed to judge; the tolerance is that by which
reports call an operator as accurate as its baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bench.analysis.applications import allowed_loss, difference_text, sign, value_text
from bench.attempt import FAILURES
from bench.verdict import Verdict

__all__ = ["task_verdicts"]

_FAILED = FAILURES | {"diverged"}
_UNLIKE = {
    "task_seeds": "{:g} seeds in base, {:g} in head",
    "task_learning_rate": "learning rate {:g} in base, {:g} in head",
}
"""Column -> what is said where the two trainings differ in it."""

Row = Mapping[Any, Any]


def task_verdicts(base: Row, head: Row, *, case_id: str, case_hash: str, group: str) -> Iterator[Verdict]:
    """Yields the verdict on a task's value, where at least one side has a task.

    It has regressed where head is worse by more than the tolerance (`allowed_loss`: 2 points of accuracy) and its
    whole interval is worse than the whole interval of base; the other way round it has improved. A difference within
    the tolerance is none; one beyond it whose intervals overlap is inconclusive. Where nothing changed in truth, two
    independent intervals of 95 % do not overlap in 0.6 % (normal, equally wide); two runs share the seeds and the
    test samples, which makes it rarer. Where one seed was trained it is more often, and told: another order of
    summation may end the training elsewhere, and the interval is over test samples alone.

    Args:
        base: column -> value; absent columns, None and NaN are all absent. Others than the task's are left alone.
        head: the same of the other side.
        case_id: of the case, as of every verdict.
        case_hash: likewise.
        group: likewise.
    """
    metric = _present(head, "task_metric") or _present(base, "task_metric")
    about: dict[str, Any] = {"case_id": case_id, "case_hash": case_hash, "group": group}
    about["metric"] = "task_accuracy" if metric in (None, "accuracy") else "task_value"
    before, after = (_present(row, "task_value") for row in (base, head))
    if before is None or after is None:
        yield from _one_sided(base, head, before, after, about)
        return
    values: dict[str, Any] = {"base": before, "head": after}
    if other := _other_task(base, head):
        yield Verdict(**about, **values, verdict="changed", reason="definition_changed", detail=other)
        return
    verdict, reason = _word(base, head)
    yield Verdict(**about, **values, verdict=verdict, reason=reason, detail=_detail(base, head))


def _one_sided(
    base: Row, head: Row, before: float | None, after: float | None, about: Mapping[str, Any]
) -> Iterator[Verdict]:
    """Yields what is said where a side has no value: whose task failed, or was not done."""
    faults = {name: _fault(row) for name, row in (("base", base), ("head", head))}
    failed = {name: fault.split(":")[0] in _FAILED for name, fault in faults.items()}
    detail = "; ".join(f"{name}: {fault}" for name, fault in faults.items() if fault)
    if failed["head"]:
        reason = "failed_in_both" if failed["base"] else "failed_in_head"
        yield Verdict(**about, base=before, verdict="failed", reason=reason, detail=detail)
    elif before is not None:
        yield Verdict(**about, base=before, verdict="vanished", reason="only_in_base", detail=detail)
    elif after is not None:
        reason = "failed_in_base" if failed["base"] else "only_in_head"
        yield Verdict(**about, head=after, verdict="new", reason=reason, detail=detail)


def _word(base: Row, head: Row) -> tuple[str, str]:
    way = sign(head)
    before, after = (float(row["task_value"]) for row in (base, head))
    gained = way * (after - before)
    if gained == 0:
        return "unchanged", "equal"
    if abs(gained) <= allowed_loss(str(head["task_metric"]), before):
        return "unchanged", "within_tolerance_of_task"
    better, worse = (head, base) if gained > 0 else (base, head)
    ends = "task_value_ci_low", "task_value_ci_high"
    near, far = ends if way > 0 else ends[::-1]  # of the better side the worse end, of the worse side the better one
    if not way * float(better[near]) > way * float(worse[far]):
        return "inconclusive", "intervals_overlap"
    return ("improved" if gained > 0 else "regressed"), "beyond_both_intervals"


def _other_task(base: Row, head: Row) -> str:
    """Gives what makes the two values answers to different questions."""
    for column, name in (("task_metric", "metric"), ("task_samples", "number of test samples")):
        old, new = (_present(row, column) for row in (base, head))
        if old != new and old is not None and new is not None:
            texts = (f"{each:g}" if isinstance(each, float) else str(each) for each in (old, new))
            return "the {} is {} in base and {} in head".format(name, *texts)
    return ""


def _detail(base: Row, head: Row) -> str:
    """Gives both values with their intervals, the difference, and where the trainings were not alike."""
    metric = str(head["task_metric"]).replace("_", " ")
    moved = float(head["task_value"]) - float(base["task_value"])
    missing = {f"task_difference_ci_{end}": float("nan") for end in ("low", "high")}
    moved_text = difference_text({"task_metric": head["task_metric"], "task_difference": moved, **missing})
    told = f"{metric} {value_text(base)} in base, {value_text(head)} in head: {moved_text}"
    for column, words in _UNLIKE.items():
        sides = [_present(row, column) for row in (base, head)]
        if None not in sides and sides[0] != sides[1]:
            told += "; " + words.format(*sides)
    if any(_present(row, "task_steps") and _present(row, "task_seeds") == 1 for row in (base, head)):
        told += "; one seed was trained: of another end of training the interval says nothing"
    return told


def _fault(row: Row) -> str:
    status = _present(row, "task_status")
    if status in (None, "ok"):
        return ""
    reason = _present(row, "task_reason")
    return f"{status}: {reason}" if reason else str(status)


def _present(row: Row, column: str) -> Any:
    value = row.get(column)
    return None if value is None or pd.isna(value) else value
