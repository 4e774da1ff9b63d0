"""The smallest change that a machine can show in a given time, from how much equal code differs on it.

Goes in: log-ratios of pairs of processes that ran the same code, and the seconds a pair took. Comes out: the half
width of the interval that so many minutes would give.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from bench.stats.interval import Estimate
from bench.stats.signed_rank import FEWEST, shift

__all__ = ["NoiseFloor", "noise_floor"]

_WIDER = math.sqrt(math.pi / 3)  # the signed-rank interval beside Student's, for normal noise


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFloor:
    """How much equal code differs from pair to pair."""

    spread: float
    """Standard deviation of a pair's log-ratio, as the interval of all of them shows it; 0.01 is about 1 %."""
    pair_s: float
    """Seconds that a pair takes, starting and ending its processes included; the median."""
    ratio: Estimate
    """The ratio of the same code to itself, and its 95 % interval: it should hold 1."""

    def pairs_within(self, seconds: float, cases: int) -> int:
        """Gives how many pairs each of so many cases gets in a time."""
        return int(seconds / (cases * self.pair_s))

    def smallest_change(self, seconds: float, cases: int) -> float:
        """Gives the smallest relative change that can be told from none: 0.02 is 2 %.

        It is half the width of the 95 % interval that N pairs of each case give, ``exp(h) - 1`` with
        ``h = t(0.975, N - 1) · spread · sqrt(pi / 3 / N)`` and ``N = seconds / (cases · pair_s)``. A change of that
        size is seen half of the time, one of 1.4 times that size four times in five. It assumes that pairs do not
        depend on each other: where the machine's mood outlasts a pair, more minutes help less than this says.

        Returns:
            NaN where the time is too short for an interval (six pairs a case).

        Source: the interval is that of the signed-rank test, whose width beside Student's is sqrt(pi / 3) for normal
        noise (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition, section 3.11).
        """
        pairs = self.pairs_within(seconds, cases)
        if pairs < FEWEST:
            return math.nan
        return math.expm1(self.spread * _half_width(pairs))


def noise_floor(logs: Sequence[float], pair_s: Sequence[float]) -> NoiseFloor:
    """Gives the noise floor that pairs of equal code show.

    Args:
        logs: ``ln(one / other)``, one a pair; with fewer than six the spread is NaN.
        pair_s: seconds that each pair took.
    """
    centre = shift(logs)
    ratio = Estimate(math.exp(centre.centre), math.exp(centre.low), math.exp(centre.high), centre.count)
    # Not the logs' own deviation: tails that are heavy or uneven widen the interval more than that tells.
    spread = centre.half_width / _half_width(centre.count) if centre.count >= FEWEST else math.nan
    return NoiseFloor(spread=spread, pair_s=float(np.median(pair_s)), ratio=ratio)


def _half_width(pairs: int) -> float:
    """Gives half the width of the interval of so many pairs whose spread is 1."""
    return float(stats.t.ppf(0.975, pairs - 1)) * _WIDER / math.sqrt(pairs)
