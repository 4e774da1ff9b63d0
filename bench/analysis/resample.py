"""Resampling over rounds: what the medians might have been, had other rounds been drawn.

Rounds are the independent unit (fresh processes); cases of different groups share none, so they are drawn apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["DRAWS", "FEWEST_ROUNDS", "interval", "median_draws"]

DRAWS = 1000
FEWEST_ROUNDS = 5
"""With fewer rounds their whole range does not hold the true median in 94 % of samples: there is no interval."""


def median_draws(
    values: ArrayLike, rng: np.random.Generator, draws: int = DRAWS, *, extra_sd: float = 0.0
) -> NDArray[np.float64]:
    """Gives `draws` medians of values drawn with replacement.

    With five rounds the central 95 % of these medians is the whole range of the values, which holds the true median
    in 94 % of samples; with more rounds it comes to 95 %.

    Args:
        values: one number a round, none absent; one value alone comes back as it is, its spread unknown.
        rng: the source of the draws.
        draws: how many.
        extra_sd: standard deviation of what all rounds have in common, and so do not show; drawn from a normal.

    Source: Efron, "Bootstrap methods: another look at the jackknife", 1979, section 3.
    """
    x = np.asarray(values, dtype=float)
    medians: NDArray[np.float64] = np.median(x[rng.integers(0, len(x), size=(draws, len(x)))], axis=1)
    return medians + rng.normal(0.0, extra_sd, draws) if extra_sd else medians


def interval(draws: NDArray[np.float64], level: float = 0.95) -> tuple[float, float]:
    """Gives the ends of the draws' central part; an end may be infinite where draws are."""
    ordered = np.sort(draws)
    cut = int(np.floor((1 - level) / 2 * len(ordered)))
    return float(ordered[cut]), float(ordered[-1 - cut])
