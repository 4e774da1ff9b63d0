"""What gives the 95 % interval of a centre, side by side; and a share over runs whose cases depend on each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from bench.stats.interval import Estimate, median_interval
from bench.stats.signed_rank import shift


def clustered(held: Sequence[Sequence[bool]]) -> str:
    """Gives a share over all cases of all runs, its interval from the spread between runs."""
    means = [float(np.mean(of_run)) for of_run in held if of_run]
    if len(means) < 2:
        return "too few to say"
    reach = stats.t.ppf(0.975, len(means) - 1) * np.std(means, ddof=1) / math.sqrt(len(means))
    centre = float(np.mean(means))
    return f"{100 * centre:.1f} % [{100 * (centre - reach):.1f}, {100 * min(1.0, centre + reach):.1f}]"


def _student(values: Sequence[float]) -> Estimate:
    x = np.asarray(values)
    if len(x) < 3:
        return Estimate(float(np.mean(x)), math.nan, math.nan, len(x))
    reach = float(stats.t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x)))
    return Estimate(float(x.mean()), float(x.mean()) - reach, float(x.mean()) + reach, len(x))


def _winsorised(values: Sequence[float]) -> Estimate:
    """Yuen's interval of the trimmed mean (Wilcox, Introduction to Robust Estimation, section 4.3)."""
    x = np.asarray(values)
    cut = int(0.2 * len(x))
    if len(x) - 2 * cut < 3:
        return Estimate(float(np.mean(x)), math.nan, math.nan, len(x))
    mean = float(stats.trim_mean(x, 0.2))
    spread = float(np.std(np.asarray(stats.mstats.winsorize(x, (0.2, 0.2))), ddof=1))
    reach = float(stats.t.ppf(0.975, len(x) - 2 * cut - 1)) * spread / (0.6 * math.sqrt(len(x)))
    return Estimate(mean, mean - reach, mean + reach, len(x))


estimators: dict[str, Callable[[Sequence[float]], Estimate]] = {
    "signed rank": shift,
    "sign test": median_interval,
    "Student's t": _student,
    "t, winsorised 20 %": _winsorised,
}
"""Name -> what gives the 95 % interval of a centre."""
