"""Rounds of a run -> one row a case and round, and from these the latency and the ratio of a case.

The pace-maker's time in the same round corrects each latency; a ratio needs no correction, since both its sides ran
in the same turns. Both intervals are widened by what rounds that follow each other cannot show (`stats.pace`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bench.attempt import Attempt
from bench.stats.interval import Estimate, log_interval
from bench.stats.pace import CASE_TO_PACE, corrected_logs, drift_sd, mood_sd
from bench.stats.ratio import round_latency, round_log_ratio

__all__ = ["CaseRound", "Pace", "case_rounds", "latency", "long_run_ratio", "paces", "ratio"]

PACEMAKER = "pacemaker"


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """How fast the machine was, for one device and number of threads."""

    reference_s: float
    """The pace that the run calls normal: the median over its rounds; NaN where the pace-maker failed in all."""
    drift_sd: float
    """Standard deviation of ln(pace) that a repeat at another time would show."""


@dataclasses.dataclass(frozen=True, slots=True)
class CaseRound:
    """What one round said of one case."""

    group: str
    round: int
    latency_s: float
    """Seconds a call, as timed."""
    pace_s: float
    """The pace-maker's seconds a call in the same round; NaN where it failed."""
    log_ratio: float
    """ln(case / baseline), formed turn by turn; NaN where the baseline failed."""
    attempt: Attempt


def case_rounds(attempts: Iterable[Attempt], baselines: Mapping[str, str]) -> dict[str, list[CaseRound]]:
    """Gives the rounds of each case that were timed, in order; the pace-maker's own are under its name.

    Args:
        attempts: of a journal; passes are left out.
        baselines: case_hash -> case_hash of the baseline of its group.
    """
    together: dict[tuple[str, int], dict[str, Attempt]] = {}
    for attempt in attempts:
        if attempt.kind == "timing" and attempt.blocks:
            together.setdefault((attempt.group, attempt.round), {})[attempt.case_hash] = attempt
    found: dict[str, list[CaseRound]] = {}
    for (group, number), members in sorted(together.items()):
        pace = members.get(PACEMAKER)
        pace_s = round_latency(pace.per_call_s) if pace else math.nan
        for case_hash, attempt in members.items():
            base = members.get(baselines.get(case_hash, ""))
            log_ratio = round_log_ratio(attempt.per_call_s, base.per_call_s) if base else math.nan
            seconds = round_latency(attempt.per_call_s)
            found.setdefault(case_hash, []).append(CaseRound(group, number, seconds, pace_s, log_ratio, attempt))
    return found


def paces(
    rounds: Mapping[str, Sequence[CaseRound]], machines: Mapping[str, str], earlier: Mapping[str, Sequence[float]]
) -> dict[str, Pace]:
    """Gives the pace of each kind of machine use: one for each device and number of threads.

    Args:
        rounds: of all cases.
        machines: case_hash -> its use, such as ``cpu/2``.
        earlier: use -> median paces of earlier runs on this machine.
    """
    by_use: dict[str, dict[tuple[str, int], float]] = {}
    for case_hash, of_case in rounds.items():
        if case_hash != PACEMAKER:
            seen = by_use.setdefault(machines[case_hash], {})
            seen.update({(one.group, one.round): one.pace_s for one in of_case if not math.isnan(one.pace_s)})
    return {
        use: Pace(
            float(np.median(list(seen.values()))) if seen else math.nan,
            drift_sd(list(seen.values()), earlier.get(use, ())),
        )
        for use, seen in by_use.items()
    }


def latency(rounds: Sequence[CaseRound], pace: Pace) -> Estimate:
    """Gives the pace-corrected median seconds a call, its interval widened by the machine's drift."""
    logs = corrected_logs([r.latency_s for r in rounds], [r.pace_s for r in rounds], pace.reference_s)
    return log_interval(logs, extra_sd=CASE_TO_PACE * pace.drift_sd)


def ratio(rounds: Sequence[CaseRound]) -> Estimate:
    """Gives the median ratio to the baseline with its interval over these rounds: what more rounds now would give."""
    return log_interval([r.log_ratio for r in rounds])


def long_run_ratio(rounds: Sequence[CaseRound], pace: Pace) -> Estimate:
    """Gives the same with the interval that is printed: what a run at another time would give."""
    extra = mood_sd(CASE_TO_PACE * pace.drift_sd, (r.attempt.started_s for r in rounds))
    return log_interval([r.log_ratio for r in rounds], extra_sd=extra)
