"""The shift between two samples, with its interval, by ranks: for rounds of two runs, which no pairing joins.

Bursts of a neighbour's load make single rounds wild, and neither the centre nor the ends much. The unit is the round,
as everywhere.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import ArrayLike

from bench.stats.interval import Estimate

__all__ = ["shift_between"]

_FEWEST = 4  # of either sample: fewer say nothing of its spread, whatever the other says


def shift_between(before: ArrayLike, after: ArrayLike, level: float = 0.95) -> Estimate:
    """Gives the Hodges–Lehmann shift (the median of all differences after - before) with its interval.

    It is the interval that belongs to the Mann–Whitney test, exact for independent values of one shape, whatever the
    shape. It breaks where the values of a sample share a drift: that is for the caller to add.

    Args:
        before: one number a round; NaN is left out.
        after: the same of the other run.
        level: the coverage asked for.

    Returns:
        `count` is that of the smaller sample. The ends are NaN where it is below four, or too small for the level.

    Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition, sections 4.2 and 4.3.
    """
    x, y = (np.asarray(values, dtype=float) for values in (before, after))
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    count = min(len(x), len(y))
    if not count:
        return Estimate(math.nan, math.nan, math.nan, 0)
    differences = np.sort((y[:, None] - x[None, :]).ravel())
    centre = float(np.median(differences))
    cut = _cut(len(x), len(y), (1 - level) / 2) if count >= _FEWEST else 0
    if cut == 0:
        return Estimate(centre, math.nan, math.nan, count)
    return Estimate(centre, float(differences[cut - 1]), float(differences[-cut]), count)


@functools.lru_cache(maxsize=1024)
def _cut(first: int, second: int, tail: float) -> int:
    """Gives how many of the sorted differences are outside on each side; 0 where not even one may be."""
    return int(np.searchsorted(np.cumsum(_chances(first, second)), tail, side="right"))


def _chances(first: int, second: int) -> np.ndarray:
    """Gives P(U = u) for u from 0 to first · second: how many of the differences are below zero, by chance alone.

    The numbers of ways are the coefficients of the Gaussian binomial ``Π (1 - q^(second+i)) / (1 - q^i)``.
    """
    ways = np.zeros(first * second + 1)
    ways[0] = 1.0
    for i in range(1, first + 1):
        top = second + i
        ways[top:] -= ways[:-top].copy() if top < len(ways) else 0.0
        for u in range(i, len(ways)):
            ways[u] += ways[u - i]
    return np.asarray(ways / ways.sum())
