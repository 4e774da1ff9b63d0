"""The pace-maker: a small fixed kernel that takes turns with the cases and tells how fast the machine is just now.

Times in seconds are divided by the pace of their own round and multiplied by the run's reference pace. That
removes most of a machine's drift, not all of it: intervals therefore also carry the pace's own long-run spread
(`drift_sd`), within the run and over earlier runs on the same machine. On a shared machine there are *moods*: for
half a minute to some minutes everything takes another time, and not everything by as much. Rounds within one mood
agree, so that their spread says nothing of it. By how much the two intervals are widened is from 72 runs of a minute
each of one suite (``docs/validation/coverage_of_runs.py``), which also judge it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from bench.stats.interval import robust_sd

__all__ = ["CASE_TO_PACE", "MOOD_S", "corrected_logs", "drift_sd", "mood_sd"]

CASE_TO_PACE = 2.0
"""A case's time, corrected by the pace, wanders so many times as much as the pace itself; so does its ratio."""

MOOD_S = 60.0
"""How long a mood lasts, about: rounds of other minutes see another one."""


def corrected_logs(latencies_s: Sequence[float], paces_s: Sequence[float], reference_s: float) -> np.ndarray:
    """Gives ``ln(latency · reference / pace)`` of each round; a round without a pace gives NaN.

    Args:
        latencies_s: seconds a call, one a round.
        paces_s: the pace-maker's seconds a call in the same rounds.
        reference_s: the pace that the run calls normal.
    """
    return np.log(latencies_s) + math.log(reference_s) - np.log(paces_s)


def drift_sd(run_paces_s: Sequence[float], earlier_paces_s: Sequence[float] = ()) -> float:
    """Gives the standard deviation of ln(pace) that a repeat at another time would show.

    It is the larger of two robust spreads: between the rounds of this run, and between the medians of this and
    earlier runs (three runs at the least).

    Args:
        run_paces_s: the pace-maker's seconds a call, one a round of this run.
        earlier_paces_s: the median pace of each earlier run on this machine.
    """
    within = robust_sd(np.log(run_paces_s)) if len(run_paces_s) > 1 else math.nan
    medians = [*earlier_paces_s, float(np.median(run_paces_s))] if len(run_paces_s) else []
    between = robust_sd(np.log(medians)) if len(medians) > 2 else math.nan
    known = [sd for sd in (within, between) if not math.isnan(sd)]
    return max(known, default=0.0)


def mood_sd(drift: float, begun_s: Iterable[float]) -> float:
    """Gives the standard deviation of ln(ratio) by the moods in which a case and its baseline were measured.

    Of several moods the median wanders less than of one, as of so many values.

    Args:
        drift: how far a ratio wanders from mood to mood.
        begun_s: when each round began, in seconds: those of one `MOOD_S` are taken to be of one mood.
    """
    moods = {int(began // MOOD_S) for began in begun_s}
    return drift / math.sqrt(max(len(moods), 1))
