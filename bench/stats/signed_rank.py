"""The centre of paired log-ratios, its interval and its test, by ranks of signed values.

Two processes that run the same code are exchangeable: their order and their memory layouts are drawn at random. A
pair's log-ratio is then as likely to be above zero as below it by the same amount, whatever the noise is like, and
the signed-rank test is exact. Bursts of a neighbour's load make single pairs wild and not the rank sum.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import ArrayLike

from bench.stats.interval import Estimate

__all__ = ["FEWEST", "p_above", "shift"]

FEWEST = 6
"""Values below which a 95 % interval would be wider than all of them."""

_EXACT_UP_TO = 200  # beyond it the normal limit is right to four digits


def shift(values: ArrayLike, level: float = 0.95) -> Estimate:
    """Gives the Hodges–Lehmann centre (the median of the means of all pairs of values) with its interval.

    It assumes independent values, each symmetric about the centre; of their shape it assumes nothing. Against normal
    noise it needs 5 % more values than a mean, where a median needs 57 % more. It breaks where one side is disturbed
    more often than the other (the symmetry), or where values depend on each other for longer than they are apart.

    Args:
        values: one number a pair of processes; NaN is left out.
        level: the coverage asked for.

    Returns:
        The ends are NaN where the values are fewer than the level needs (six for 95 %).

    Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition, sections 3.2 and 3.3.
    """
    x = _present(values)
    if not len(x):
        return Estimate(math.nan, math.nan, math.nan, 0)
    means = np.sort((x[:, None] + x[None, :])[np.triu_indices(len(x))] / 2)
    centre = float(np.median(means))
    cut = _cut(len(x), (1 - level) / 2)
    if cut == 0:
        return Estimate(centre, math.nan, math.nan, len(x))
    return Estimate(centre, float(means[cut - 1]), float(means[-cut]), len(x))


def p_above(values: ArrayLike, bound: float = 0.0) -> float:
    """Gives the probability of ranks as high as these, were the centre not above `bound`; NaN without values.

    Args:
        values: one number a pair of processes; NaN is left out.
        bound: on the same scale; a value equal to it speaks against being above.
    """
    x = _present(values) - bound
    if not len(x):
        return math.nan
    ranks = np.empty(len(x))
    ranks[np.argsort(np.abs(x), kind="stable")] = np.arange(1, len(x) + 1)
    rank_sum = int(ranks[x > 0].sum())
    return float(_upper_tail(len(x))[rank_sum])


def _present(values: ArrayLike) -> np.ndarray:
    x: np.ndarray = np.asarray(values, dtype=float)
    present: np.ndarray = x[~np.isnan(x)]
    return present


def _cut(count: int, tail: float) -> int:
    """Gives how many of the sorted means are outside on each side; 0 where not even one may be."""
    below = _upper_tail(count)  # P(sum >= s) = P(sum <= total - s)
    total = count * (count + 1) // 2
    held = [s for s in range(total + 1) if below[total - s] <= tail]
    return held[-1] + 1 if held else 0


@functools.lru_cache(maxsize=256)
def _upper_tail(count: int) -> np.ndarray:
    """Gives P(rank sum >= s) for each s from 0 to n(n+1)/2: each rank counts or not, with equal chance."""
    total = count * (count + 1) // 2
    if count > _EXACT_UP_TO:
        from scipy import stats

        spread = math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
        return np.asarray(stats.norm.sf((np.arange(total + 1) - 0.5 - total / 2) / spread))
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    for rank in range(1, count + 1):
        moved = np.zeros_like(chance)
        moved[rank:] = chance[: total + 1 - rank]
        chance = (chance + moved) / 2
    return np.asarray(np.cumsum(chance[::-1])[::-1])
