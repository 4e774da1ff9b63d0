"""The latency of one case in two runs of different times: what became of it, and how sure that is.

Two numbers say it. The *pace-corrected latency* divides each round by the pace-maker's time in that round; the *ratio
to the baseline* is formed inside each round, turn by turn. Both take the machine's mood out, by different means. The
narrower one decides, and the other has to agree: a baseline that changed makes every ratio of its group wrong.

Goes in: tables and rounds of two runs. Comes out: for each case both changes with their intervals.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.stats.interval import Estimate
from bench.stats.pace import drift_sd, mood_sd
from bench.stats.rank_sum import shift_between

__all__ = ["Change", "Timed", "change", "timed"]

_Z = float(stats.norm.ppf(0.975))

_BETWEEN_RUNS_SD = 0.015
"""Of ln(head / base) of one tree, beside what rounds show: layouts of memory, and moods that no correction takes out.

With 0.01 the intervals of the two reference runs held 0 in 95 % of the cases, with 0 in 92 % (docs/comparing.md).
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Timed:
    """What one run says of one case's latency."""

    paced: np.ndarray
    """ln(latency / pace), one a round, in units of the run's own pace."""
    beside: np.ndarray | None
    """ln(latency / baseline's), one a round; absent of the baseline itself."""
    reference_s: float
    """The pace-maker's median seconds a call over the run."""
    drift_sd: float
    """Standard deviation of ln(pace): over the run's rounds, or over earlier runs where that is larger."""
    mood_sd: float
    """Standard deviation of ln(ratio) by the moods in which its rounds were measured."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What became of one case from base to head."""

    paced: Estimate
    """ln(head / base) of the pace-corrected latency."""
    beside: Estimate | None
    """ln(head / base) of the ratio to the baseline; absent of a baseline."""
    base_s: float
    """Seconds a call in base."""
    head_s: float
    """Seconds a call in head, at the pace that the machine had in base."""

    @property
    def deciding(self) -> Estimate:
        """The narrower of the two."""
        return self._ordered[0]

    def p_changed(self, edge: float) -> float:
        """Gives the probability of a change as large as the deciding one, were the true one within `edge`.

        It is 1 where the other number is not beyond the edge as well, on the same side.
        """
        deciding, other = self._ordered
        side = math.copysign(1.0, deciding.centre)
        return _p_beyond(deciding, edge) if side * other.centre > edge else 1.0

    def calm(self, edge: float) -> bool:
        """Whether the deciding number is within `edge` for certain, and the other not beyond it for certain.

        A case that slowed down together with its baseline stands beside it as before.
        """
        deciding, other = self._ordered
        within = -edge <= deciding.low and deciding.high <= edge
        return within and not (other.low > edge or other.high < -edge)

    @property
    def _ordered(self) -> tuple[Estimate, Estimate]:
        """The deciding number and the other; a baseline has one only."""
        if self.beside is None:
            return self.paced, self.paced
        if self.beside.half_width < self.paced.half_width:
            return self.beside, self.paced
        return self.paced, self.beside


def timed(table: pd.DataFrame, rounds: pd.DataFrame, info: Mapping[str, Any]) -> dict[str, Timed]:
    """Gives what a run says of each case that has a latency: case_hash -> its numbers.

    Args:
        table: of the run, one row a case.
        rounds: of `table.load.load_rounds`.
        info: what its `run.json` holds.
    """
    measured = table[table["latency_median_s"].notna()]
    uses = measured["device"].astype(str) + "/" + measured["threads"].map("{:g}".format).astype(str)
    known = measured.assign(use=uses)[["case_hash", "use", "baseline", "case_id"]]
    found: dict[str, Timed] = {}
    for use, of_use in rounds.merge(known, on="case_hash").groupby("use"):
        paces_s = of_use.drop_duplicates(["group", "round"])["pace_s"].dropna()
        reference_s = float(paces_s.median())
        drift = drift_sd(paces_s.tolist(), info.get("earlier_paces_s", {}).get(use, ()))
        for case_hash, own in of_use.groupby("case_hash"):
            paced = np.log(own["latency_s"].to_numpy() / reference_s)
            is_baseline = bool((own["baseline"] == own["case_id"]).any())
            beside = None if is_baseline else own["log_ratio"].to_numpy()
            mood = mood_sd(drift, own["started_s"])
            found[str(case_hash)] = Timed(paced, beside, reference_s, drift, mood)
    return found


def change(base: Timed, head: Timed) -> Change:
    """Gives what became of a case; drift and moods of both runs widen the intervals."""
    paced = _widened(shift_between(base.paced, head.paced), base.drift_sd, head.drift_sd)
    beside = None
    if base.beside is not None and head.beside is not None:
        beside = _widened(shift_between(base.beside, head.beside), base.mood_sd, head.mood_sd)
    base_s = math.exp(float(np.nanmedian(base.paced))) * base.reference_s
    return Change(paced, beside, base_s, base_s * math.exp(paced.centre))


def _widened(log: Estimate, *extra_sd: float) -> Estimate:
    """Gives the estimate with what is common to a run's rounds added in quadrature to both sides."""
    wide = _Z * math.hypot(_BETWEEN_RUNS_SD, *extra_sd)
    low = log.centre - math.hypot(log.centre - log.low, wide)
    high = log.centre + math.hypot(log.high - log.centre, wide)
    return Estimate(log.centre, low, high, log.count)


def _p_beyond(log: Estimate, edge: float) -> float:
    """Gives the two-sided probability by the normal law that has the estimate's 95 % interval; 1 without one."""
    reach = log.centre - log.low if log.centre > 0 else log.high - log.centre
    if math.isnan(reach):
        return 1.0
    return min(1.0, 2 * float(stats.norm.sf(_Z * (abs(log.centre) - edge) / reach)))
