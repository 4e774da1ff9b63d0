"""A run's plan and attempts -> one record a case: its status, its numbers, and what to know beside them.

Every planned case has a record. A case that failed keeps its row and its status, and no latency.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.attempt import Attempt
from bench.stats.interval import Estimate
from bench.table.derive import CaseRound, Pace, case_rounds, latency, long_run_ratio, paces, ratio
from bench.table.tasks import Outcome, task_outcomes

__all__ = ["ROUNDING", "combine"]

_DISTURBED_SHARE = 0.05  # of one core, taken by others during the turns of a round
_SLACK = 1.05  # a number that leaves its bounds by less than this is not worth a word
ROUNDING = {"float64": 1e-9, "float32": 1e-4, "bfloat16": 5e-2, "float16": 1e-2}
"""dtype -> how far two outputs of one function may be apart, relative, by rounding alone."""

_ASIDE = ("accuracy", "hardness", "baselines", "task")  # passes whose fault costs their columns, not the case
_COUNTED = ("parameters", "trainable_parameters")  # a network that does a task has no closed form of them
_FACTS_OF_THE_PROCESS = {"first_call_s", "digest", "foreign_share", "output_digest", "peak_rss_bytes", "launch_s"}


def combine(info: dict[str, Any], attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Gives the records of a run, in the order of its plan.

    Args:
        info: what the run's `run.json` holds.
        attempts: what its journal holds.
    """
    planned = info["cases"]
    baselines = {row["case_hash"]: row.get("baseline_hash", "") for row in planned}
    uses = {row["case_hash"]: use_of(row) for row in planned}
    rounds = case_rounds(attempts, baselines)
    rounds = {name: of_case for name, of_case in rounds.items() if name in uses}
    machine_paces = paces(rounds, uses, info.get("earlier_paces_s", {}))
    by_case: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_case.setdefault(attempt.case_hash, []).append(attempt)
    common = {name: info.get(name) for name in ("run", "commit", "started_utc", "suite")}
    common["machine"] = info["machine"]["name"]
    outcomes = task_outcomes(info, by_case)
    nothing = Outcome({}, ())
    return [
        {
            **common,
            **row["row"],
            **_record(
                row,
                by_case.get(row["case_hash"], []),
                rounds.get(row["case_hash"], []),
                outcomes.get(row["case_hash"], nothing),
                machine_paces,
                info,
            ),
        }
        for row in planned
    ]


def use_of(row: dict[str, Any]) -> str:
    """Gives the use that a planned case makes of the machine: device and threads."""
    return f"{row['row']['device']}/{row['row']['threads']:g}"


def _record(
    row: dict[str, Any],
    attempts: Sequence[Attempt],
    rounds: Sequence[CaseRound],
    outcome: Outcome,
    machine_paces: dict[str, Pace],
    info: dict[str, Any],
) -> dict[str, Any]:
    facts = _facts(attempts)
    warnings = [*(text for attempt in attempts for text in attempt.warnings), *outcome.warnings]
    warnings += [f"{a.kind} pass: {a.status}: {a.reason}" for a in attempts if a.kind in _ASIDE and a.status != "ok"]
    task_done = outcome.columns.get("task_status") == "ok"
    status, reason = _status(row, attempts, rounds, facts, info, task_done)
    record: dict[str, Any] = {"status": status, "reason": reason}
    record |= {name: value for name, value in facts.items() if name not in _FACTS_OF_THE_PROCESS}
    if row["row"].get("task"):
        record |= {name: facts[f"{name}_counted"] for name in _COUNTED if f"{name}_counted" in facts}
    record |= outcome.columns | _process_facts(rounds)
    if status in ("ok", "throttled") and rounds:
        record |= _times(row, rounds, machine_paces[use_of(row)], info)
        warnings += _doubts(record)
        if 0 < ratio(rounds).count < len(rounds):
            warnings.append("its baseline is missing in some rounds: the ratio is over the others")
    counted, gap = record.get("flops_counted"), row["row"].get("flops_counter_gap")
    if counted is not None and gap is not None and row["row"]["flops_formula"] - gap != counted:
        warnings.append(
            "FLOPs by closed form are not those that were counted: flops_per_s and roofline_share are doubtful"
        )
    if record.get("agreement_rel_error", 0.0) > ROUNDING[row["row"]["dtype"]]:
        warnings.append("its output is not that of ours (agreement_rel_error): it computes something else")
    record["warnings"] = "; ".join(text.replace("; ", ", ") for text in dict.fromkeys(warnings))
    return record


def _doubts(record: dict[str, Any]) -> Iterator[str]:
    """Yields what to know of a case's times. No text has a number of its own, so that equal ones can be counted."""
    median_s = record["latency_median_s"]
    if record["rounds"] < 3:
        yield "fewer than three rounds: no interval"
    if math.isnan(median_s):
        yield "the pace-maker failed in every round: no latency corrected by it"
    elif not record["latency_min_s"] / _SLACK <= median_s <= record["latency_p90_s"] * _SLACK:
        yield "latency_median_s is not within what was timed (latency_min_s, latency_p90_s): the pace changed"
    if record["disturbed"] > 0.5:
        yield "other programs took processor time in most rounds: `bench run` on a quieter machine"
    if record.get("launch_s", 0.0) > median_s:
        yield "launch-bound: without a CUDA graph a call takes launch_s, the host's time, and not the device's"
    if record.get("roofline_share", 0.0) > _SLACK:
        yield "roofline_share is above 1: the peaks were taken on a busy machine, or the data stay in a cache"


def _facts(attempts: Sequence[Attempt]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for attempt in attempts:
        if attempt.kind not in ("timing", "task"):
            facts |= attempt.facts
    return facts


def _process_facts(rounds: Sequence[CaseRound]) -> dict[str, Any]:
    resident, launch = (
        [r.attempt.facts[name] for r in rounds if name in r.attempt.facts] for name in ("peak_rss_bytes", "launch_s")
    )
    found = {"peak_rss_bytes": max(resident)} if resident else {}
    return found | ({"launch_s": float(np.median(launch))} if launch else {})


def _status(
    row: dict[str, Any],
    attempts: Sequence[Attempt],
    rounds: Sequence[CaseRound],
    facts: dict[str, Any],
    info: dict[str, Any],
    task_done: bool,
) -> tuple[str, str]:
    if row["status"] != "planned":
        return row["status"], row["reason"]
    if not row["timed"]:
        return "unsupported", row["reason"]
    for attempt in attempts:
        if attempt.status != "ok" and attempt.kind in ("cost", "timing"):
            return attempt.status, attempt.reason
    if not rounds:
        beside = ", its task is done" if task_done else ""
        if info.get("state") != "done":  # a killed driver's run still says `running`
            return "interrupted", f"the run was stopped before its first round{beside}; --resume {info['run']}"
        budget_s = info["settings"]["budget_s"]
        return "skipped", f"the budget of {budget_s:g} s was spent before its first round{beside}; --budget"
    if not _same_output(row, rounds, facts):
        return "crashed", "a timed call gave another output than the untimed pass"
    return "ok", ""


def _same_output(row: dict[str, Any], rounds: Sequence[CaseRound], facts: dict[str, Any]) -> bool:
    """Compares elements, root mean square and the means of both halves; what is trained changes from call to call."""
    expected = facts.get("output_digest")
    if not expected:
        return True
    learns = row["row"].get("task") or (row["row"].get("trainable_parameters") or 0) > 0
    trained = row["row"]["phase"] == "train" and learns
    tolerance = ROUNDING[row["row"]["dtype"]]
    for one in rounds:
        seen = one.attempt.facts.get("digest")
        if not seen or seen[0] != expected[0]:
            return False
        if not trained and not np.allclose(seen[1:], expected[1:], rtol=tolerance, atol=tolerance * expected[1]):
            return False
    return True


def _times(row: dict[str, Any], rounds: Sequence[CaseRound], pace: Pace, info: dict[str, Any]) -> dict[str, Any]:
    blocks = np.array([s for one in rounds for s in one.attempt.per_call_s.values()])
    settings = info["settings"]
    seconds = latency(rounds, pace)
    relative, stop = long_run_ratio(rounds, pace), _stop(len(rounds), ratio(rounds), settings)
    is_baseline = row.get("baseline_hash") == row["case_hash"]
    if is_baseline:  # by definition, not by measurement
        relative = Estimate(1.0, 1.0, 1.0, relative.count)
    times = {
        "rounds": len(rounds),
        "samples": len(blocks),
        "stop": stop,
        "disturbed": float(np.mean([r.attempt.facts.get("foreign_share", 0) > _DISTURBED_SHARE for r in rounds])),
        "latency_median_s": seconds.centre,
        "latency_ci_low_s": seconds.low,
        "latency_ci_high_s": seconds.high,
        "latency_raw_median_s": float(np.median([r.latency_s for r in rounds])),
        "latency_min_s": float(blocks.min()),
        "latency_p90_s": float(np.quantile(blocks, 0.9)),
        "latency_ratio": relative.centre,
        "latency_ratio_ci_low": relative.low,
        "latency_ratio_ci_high": relative.high,
    }
    return times | _rates(row["row"], seconds.centre, info.get("peaks", {}))


def _stop(rounds: int, relative: Estimate, settings: dict[str, Any]) -> str:
    if rounds >= settings["rounds"][0] and relative.half_width <= settings["precision"] * relative.centre:
        return "precision"
    return "rounds" if rounds >= settings["rounds"][1] else "budget"


def _rates(row: dict[str, Any], seconds: float, peaks: dict[str, dict[str, float]]) -> dict[str, Any]:
    flops, moved = row.get("flops_formula"), row.get("bytes_min")
    if not flops or math.isnan(seconds):
        return {}
    rates: dict[str, Any] = {"flops_per_s": flops / seconds}
    if peak := peaks.get(f"{row['device']}/{row['dtype']}/{row['threads']:g}"):
        least_s = max(flops / peak["flops_per_s"], (moved or 0) / peak["bytes_per_s"])
        rates["roofline_share"] = least_s / seconds
    return rates
