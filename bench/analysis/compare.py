"""Two stored runs -> a verdict for each case and metric.

The runs are of different times, so the margin of latency is wider than that of `bench ab`, and nothing confirms what
is beyond it. Cases are matched by `case_hash`; what has no partner is a verdict too.

Goes in: two runs. Comes out: a `Comparison`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from scipy import stats

from bench.analysis.alike import circumstances, mismatches
from bench.analysis.between import Change, Timed, change, timed
from bench.analysis.gate import accuracy_verdicts, exact_verdicts
from bench.analysis.task_gate import task_verdicts
from bench.attempt import FAILURES
from bench.errors import ComparisonError
from bench.stats.interval import Estimate
from bench.store.run import Run
from bench.table.load import load, load_rounds
from bench.units import ratio_text
from bench.verdict import Comparison, Side, Verdict

__all__ = ["compare"]

_FALSE_DISCOVERIES = 0.05
_TIMED = ("ok", "throttled")

Row = Mapping[Any, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class _Stored:
    run: Run
    rows: Mapping[str, Row]
    """case_hash -> the table's columns."""
    timed: dict[str, Timed]


def compare(
    base: Run, head: Run, *, margin: float, accuracy_tolerance: float, allow_mismatch: bool = False
) -> Comparison:
    """Gives what became of base's cases in head.

    Args:
        base: the run before.
        head: the run after.
        margin: of latency; 0.1 is 10 %.
        accuracy_tolerance: as in `gate.accuracy_verdicts`.
        allow_mismatch: tell what differs of machine and software instead of refusing.

    Raises:
        ComparisonError: the runs are of machines, or of software, that differ.
    """
    differing = mismatches(base, head)
    if differing and not allow_mismatch:
        found = f"cannot be compared: {'; '.join(differing)}"
        raise ComparisonError(
            f"{base.name} and {head.name}", found, "measure both on one machine, or --allow-mismatch"
        )
    before, after = _stored(base), _stored(head)
    latency = _latency_verdicts(before, after, margin)
    verdicts = [*_of_heads_cases(before, after, latency, accuracy_tolerance), *_of_bases_own(before, after)]
    return Comparison(
        kind="compare",
        suite=str(head.info["suite"]),
        base=_side(base),
        head=_side(head),
        margin=margin,
        verdicts=tuple(verdicts),
        differences=(*differing, *circumstances(base, head)),
        notes=tuple(_notes(before, after)),
    )


def _stored(run: Run) -> _Stored:
    table = load(run.path)
    rows: dict[str, Row] = {str(row["case_hash"]): row for row in table.to_dict("records")}
    return _Stored(run, rows, timed(table, load_rounds(run.path), run.info))


def _side(run: Run) -> Side:
    facts = {
        "folder": str(run.path),
        "started_utc": run.info.get("started_utc"),
        "torch": run.info["versions"].get("torch"),
        "threads": run.info["settings"].get("threads"),
    }
    return Side(name=run.name, commit=run.info.get("commit"), machine=run.info["machine"]["name"], facts=facts)


def _of_heads_cases(
    before: _Stored, after: _Stored, latency: Mapping[str, Verdict], tolerance: float
) -> Iterator[Verdict]:
    """Yields the verdicts on what head has planned, in its order.

    What a case reached on its task is judged whatever became of its latency.
    """
    names = {row["case_id"]: case_hash for case_hash, row in before.rows.items() if case_hash not in after.rows}
    for case_hash, row in after.rows.items():
        about, old = _about(row), before.rows.get(case_hash)
        if old is None and row["case_id"] in names:
            detail = f"case_hash {names[row['case_id']]} in base, {case_hash} in head"
            yield _whole(about, "changed", "definition_changed", detail)
        elif whole := _of_the_case(old, row, about):
            yield whole
            of_task = () if old is None else task_verdicts(old, row, **about)
            yield from (each for each in of_task if each.verdict != whole.verdict)  # the case's own tells it already
        elif old is not None:
            if case_hash in latency:
                yield latency[case_hash]
            yield from exact_verdicts(old, row, **about)
            yield from accuracy_verdicts(old, row, tolerance=tolerance, **about)
            yield from task_verdicts(old, row, **about)


def _of_bases_own(before: _Stored, after: _Stored) -> Iterator[Verdict]:
    """Yields what vanished from the plan; what only changed its definition was told beside head's case."""
    names = {row["case_id"] for row in after.rows.values()}
    for case_hash, row in before.rows.items():
        if case_hash not in after.rows and row["case_id"] not in names and _state(row) != "absent":
            yield _whole(_about(row), "vanished", "only_in_base", "head's suite does not ask for it")


def _about(row: Row) -> dict[str, Any]:
    return {name: str(row[name]) for name in ("case_id", "case_hash", "group")}


def _state(row: Row | None) -> str:
    if row is None:
        return "absent"
    if row["status"] in FAILURES:
        return "failed"
    return "measured" if row["status"] in _TIMED else "absent"


def _of_the_case(old: Row | None, new: Row, about: dict[str, Any]) -> Verdict | None:
    """Gives the verdict on the case as a whole; nothing where both have it, or neither."""
    base, head = _state(old), _state(new)
    if head == "failed":
        if base == "failed":
            return _whole(about, "failed", "failed_in_both", f"base: {_fault(old)}; head: {_fault(new)}")
        return _whole(about, "failed", "failed_in_head", _fault(new))
    if base == head:
        return None
    if head == "absent":
        return _whole(about, "vanished", "only_in_base", f"head: {_fault(new)}")
    if base == "failed":
        return _whole(about, "new", "failed_in_base", f"base: {_fault(old)}")
    return _whole(about, "new", "only_in_head", "" if old is None else f"base: {_fault(old)}")


def _fault(row: Row | None) -> str:
    return "" if row is None else f"{row['status']}: {row['reason']}"


def _whole(about: dict[str, Any], verdict: str, reason: str, detail: str) -> Verdict:
    return Verdict(**about, metric="case", verdict=verdict, reason=reason, detail=detail)


def _latency_verdicts(before: _Stored, after: _Stored, margin: float) -> dict[str, Verdict]:
    """Gives the verdict on each case that both have timed; the false discovery rate is held over all of them."""
    edge = math.log1p(margin)
    changes = {
        case_hash: change(before.timed[case_hash], after.timed[case_hash])
        for case_hash in after.timed
        if case_hash in before.timed
    }
    if not changes:
        return {}
    adjusted = stats.false_discovery_control([each.p_changed(edge) for each in changes.values()])
    return {
        case_hash: _latency(each, bool(p <= _FALSE_DISCOVERIES), edge, before.rows[case_hash], after.rows[case_hash])
        for (case_hash, each), p in zip(changes.items(), adjusted, strict=True)
    }


def _latency(each: Change, sure: bool, edge: float, old: Row, new: Row) -> Verdict:
    deciding = each.deciding
    verdict, reason = _word(each, sure, edge)
    ratio = _ratio(deciding)
    return Verdict(
        **_about(new),
        metric="latency",
        verdict=verdict,
        reason=reason,
        detail=_detail(each, old, new) if reason in ("beyond_margin_once", "not_sure_enough") else "",
        base=_present(each.base_s),
        head=_present(each.head_s),
        ratio=_present(ratio.centre),
        ratio_ci_low=_present(ratio.low),
        ratio_ci_high=_present(ratio.high),
        rounds=deciding.count,
    )


def _word(each: Change, sure: bool, edge: float) -> tuple[str, str]:
    low, high = each.deciding.low, each.deciding.high
    if math.isnan(low):
        return "inconclusive", "too_few_rounds"
    if sure:
        return ("regressed" if each.deciding.centre > 0 else "improved"), "beyond_margin_once"
    if each.calm(edge):
        return "unchanged", "within_margin"
    within = -edge <= low and high <= edge  # and the other number is not
    beyond = low > edge or high < -edge
    return "inconclusive", "not_sure_enough" if within or beyond else "straddles_margin"


def _detail(each: Change, old: Row, new: Row) -> str:
    """Tells both numbers, and another kernel where there is one."""
    told = [f"by the pace-maker × {_ratio_text(each.paced)}"]
    if each.beside is not None:
        told.append(f"beside its baseline × {_ratio_text(each.beside)}")
    before, after = (str(row.get("kernel")) for row in (old, new))
    if set(before.split("+")) != set(after.split("+")):  # of the three that took most time the order is noise
        told.append(f"kernel {before} in base, {after} in head")
    return "; ".join(told)


def _ratio(log: Estimate) -> Estimate:
    return Estimate(math.exp(log.centre), math.exp(log.low), math.exp(log.high), log.count)


def _ratio_text(log: Estimate) -> str:
    ratio = _ratio(log)
    return ratio_text(ratio.centre, ratio.low, ratio.high)


def _present(value: float) -> float | None:
    return None if math.isnan(value) else value


def _notes(before: _Stored, after: _Stored) -> Iterator[str]:
    yield "the runs are of different times: the margin is wider than that of `bench ab`, which is the gate to trust"
    for name, stored in (("base", before), ("head", after)):
        if stored.run.info.get("state") != "done":
            yield f"{name} was stopped before its end"
    shared = before.rows.keys() & after.rows.keys()
    neither = [h for h in shared if _state(before.rows[h]) == _state(after.rows[h]) == "absent"]
    if neither:
        cases = "1 case has" if len(neither) == 1 else f"{len(neither)} cases have"
        yield f"{cases} no latency in either run (unsupported, skipped, or for accuracy only)"
