"""The 95 % interval of a median over rounds.

The unit is the round (one set of fresh processes): intervals over iterations inside a process claim a precision
that the spread between processes denies. Goes in: one number a round. Comes out: a centre with its interval.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

__all__ = ["Estimate", "log_interval", "median_interval", "robust_sd"]

_SIGN_FROM = 6  # below six values not even [min, max] holds the median in 95 % of samples
_T_FROM = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A centre and its interval; the ends are NaN where the values are too few to say."""

    centre: float
    low: float
    high: float
    count: int

    @property
    def half_width(self) -> float:
        """Half the interval's width; NaN where there is none."""
        return (self.high - self.low) / 2


def median_interval(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Gives the median with an interval that holds the true median in at least `level` of samples.

    From six values on it is the sign-test interval: the order statistics ``x_(k), x_(m+1-k)`` with the largest k for
    which ``2 P(Bin(m, 1/2) < k) <= 1 - level``. It assumes independent values from one distribution and nothing of
    its shape. Three to five values take Student's t about the mean, which does assume a shape; fewer give none.
    It breaks where rounds depend on each other: a machine that drifts for longer than the run lasts.

    Args:
        values: one number a round; NaN is left out.
        level: the coverage asked for.

    Source: David and Nagaraja, Order Statistics, 3rd edition, section 7.1.
    """
    x = np.sort(np.asarray(values, dtype=float))
    x = x[~np.isnan(x)]
    count = len(x)
    if count == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    centre = float(np.median(x))
    if count < _T_FROM:
        return Estimate(centre, np.nan, np.nan, count)
    if count < _SIGN_FROM:
        reach = float(stats.t.ppf((1 + level) / 2, count - 1) * x.std(ddof=1) / np.sqrt(count))
        mean = float(x.mean())
        return Estimate(centre, min(mean - reach, centre), max(mean + reach, centre), count)
    k = int(stats.binom.ppf((1 - level) / 2, count, 0.5))
    if 2 * stats.binom.cdf(k - 1, count, 0.5) > 1 - level:
        k -= 1
    k = max(k, 1)
    return Estimate(centre, float(x[k - 1]), float(x[count - k]), count)


def log_interval(logs: ArrayLike, extra_sd: float = 0.0, level: float = 0.95) -> Estimate:
    """Gives ``exp`` of the median of logarithms and its interval, widened by an uncertainty that rounds don't show.

    Args:
        logs: natural logarithms, one a round.
        extra_sd: standard deviation, on the log scale, of what is common to all rounds (the machine's drift); it
            is added in quadrature to each side.
        level: the coverage asked for.
    """
    plain = median_interval(logs, level)
    wide = float(stats.norm.ppf((1 + level) / 2)) * extra_sd
    low = plain.centre - np.hypot(plain.centre - plain.low, wide)
    high = plain.centre + np.hypot(plain.high - plain.centre, wide)
    return Estimate(float(np.exp(plain.centre)), float(np.exp(low)), float(np.exp(high)), plain.count)


def robust_sd(values: ArrayLike) -> float:
    """Gives 1.4826 times the median absolute deviation: the standard deviation of a normal sample, burst-proof."""
    x = np.asarray(values, dtype=float)
    return float(1.4826 * np.median(np.abs(x - np.median(x)))) if len(x) > 1 else float("nan")
