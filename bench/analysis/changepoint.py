"""Where a series of runs changes its level: change points of a noisy series that may have outliers and a memory.

Goes in: one number a run, on the log scale, in the order of time. Comes out: the places of the first runs of new
levels. The search is ruptures' exact dynamic programme with the absolute error about each segment's median, which one
wild run does not move; what a step must be worth is a multiple of the series' own scatter, found by simulation
(`docs/history.md`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import ruptures  # type: ignore[import-untyped,unused-ignore]
from numpy.typing import ArrayLike, NDArray

__all__ = ["FEWEST_RUNS", "SHORTEST", "change_points", "half_width", "levels", "memory", "scatter"]

FEWEST_RUNS = 8
"""With fewer values the scatter itself is hardly known, and nothing is said."""

SHORTEST = 3
"""Runs that must tell a level: two wild runs in a row are no step, and a step is told from its third run on."""

_MOST_STEPS = 8
_QUANTILE = 0.75  # of the differences between neighbours: less noisy than their median, blind to one in four
_NORMAL = 1.1503 * math.sqrt(2)  # that quantile of |difference|, for normal noise of standard deviation 1
_WORTH = 9.0  # scatters by which a step must lower the summed absolute error
_STRONGEST = 0.8
_MEDIAN_ERROR = math.sqrt(math.pi / 2)  # standard error of a median, beside that of a mean, for normal noise


def scatter(logs: ArrayLike) -> float:
    """Gives the standard deviation of a run about its level: steps and a few wild runs do not raise it.

    Args:
        logs: in the order of time, two at the least.
    """
    jumps = np.abs(np.diff(np.asarray(logs, dtype=float)))
    return float(np.quantile(jumps, _QUANTILE)) / _NORMAL


def memory(series: Iterable[ArrayLike]) -> float:
    """Gives the correlation of a run with the next, pooled over series of one machine; 0 where none is seen.

    A series of a machine that drifts from day to day wanders, and each excursion looks like a level of its own. One
    series is too short to tell; many of the same machine are not.

    Args:
        series: each in the order of time.

    Source: the estimate from differences over one and over two runs, blind to steps, is that of Chakar, Lebarbier,
    Lévy-Leduc and Robin, "A robust approach for estimating change-points in the mean of an AR(1) process", 2017.
    """
    found = []
    for logs in series:
        x = np.asarray(logs, dtype=float)
        if len(x) >= FEWEST_RUNS and (near := float(np.quantile(np.abs(np.diff(x)), _QUANTILE))) > 0:
            far = float(np.quantile(np.abs(x[2:] - x[:-2]), _QUANTILE))
            found.append((far / near) ** 2 - 1)
    return min(max(float(np.median(found)), 0.0), _STRONGEST) if found else 0.0


def change_points(logs: ArrayLike, *, memory: float = 0.0, margin: float = 0.0) -> list[int]:
    """Gives the index of the first run of each new level, in order.

    Args:
        logs: natural logarithms of positive values, in the order of time.
        memory: the correlation of a run with the next; more of it asks for larger steps.
        margin: 0.02 leaves out steps of less than 2 %.

    Raises:
        ValueError: fewer than `FEWEST_RUNS` values.
    """
    x = np.asarray(logs, dtype=float)
    if len(x) < FEWEST_RUNS:
        raise ValueError(f"{len(x)} values; at least {FEWEST_RUNS} are needed")
    worth = _WORTH * scatter(x) * _long_run(memory)
    # Not ruptures' Pelt: with a least length of segments it drops candidates that are still good (ruptures #383).
    search = ruptures.Dynp(model="l1", min_size=SHORTEST, jump=1).fit(x.reshape(-1, 1))
    chosen: list[int] = []
    least = search.cost.sum_of_costs([len(x)])
    for steps in range(1, min(_MOST_STEPS, len(x) // SHORTEST - 1) + 1):
        places = search.predict(n_bkps=steps)
        cost = search.cost.sum_of_costs(places) + steps * worth
        if cost < least - 1e-12:
            least, chosen = cost, places[:-1]
    return _lasting(x, [int(place) for place in chosen], worth=worth, edge=math.log1p(margin))


def levels(logs: ArrayLike, places: list[int]) -> list[float]:
    """Gives the median of each segment between change points."""
    return [float(np.median(part)) for part in np.split(np.asarray(logs, dtype=float), places)]


def half_width(before: int, after: int, *, scatter: float, memory: float) -> float:
    """Gives half the width of a step's 95 % interval on the log scale, for normal noise.

    Args:
        before: runs on the level before it.
        after: runs on the level after it.
        scatter: of a run about its level.
        memory: the correlation of a run with the next.
    """
    return 1.96 * _MEDIAN_ERROR * scatter * _long_run(memory) * math.sqrt(1 / before + 1 / after)


def _long_run(memory: float) -> float:
    """Gives by how much a memory makes means of many runs less certain than differences of neighbours say."""
    return math.sqrt(1 + memory) / (1 - memory)


def _lasting(x: NDArray[np.float64], places: list[int], *, worth: float, edge: float) -> list[int]:
    """Gives the places without the steps that do not stand, the smallest of them left out first."""
    while places:
        parts = np.split(x, places)
        sizes = np.abs(np.diff(levels(x, places)))
        weak = [i for i in range(len(places)) if not _stands(parts[i], parts[i + 1], worth=worth, edge=edge)]
        if not weak:
            break
        smallest = min(weak, key=lambda i: float(sizes[i]))
        places = [*places[:smallest], *places[smallest + 1 :]]
    return places


def _stands(before: NDArray[np.float64], after: NDArray[np.float64], *, worth: float, edge: float) -> bool:
    """Whether a step is large enough, and enough runs of each side are on their side of its middle.

    The median of three runs may be that of two wild ones: so a short level must be told by its runs one by one.
    """
    old, new = np.median(before), np.median(after)
    up, middle = np.sign(new - old), (old + new) / 2
    gain = _error(np.concatenate([before, after])) - _error(before) - _error(after)
    fewest = min(np.sum(up * (before - middle) < 0), np.sum(up * (after - middle) > 0))
    return bool(abs(new - old) >= edge and gain >= worth and fewest >= SHORTEST)


def _error(x: NDArray[np.float64]) -> float:
    return float(np.abs(x - np.median(x)).sum())
