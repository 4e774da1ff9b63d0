"""Paired log-ratios and a practical margin -> what may be said, and how many more pairs would say it.

A change counts where it is beyond the margin, not where it is merely not zero: with enough rounds everything differs.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import ArrayLike

from bench.stats.interval import Estimate
from bench.stats.signed_rank import FEWEST, p_above, shift

__all__ = ["Decision", "decide"]

_CERTAIN = 0.95


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What paired log-ratios say of a ratio."""

    word: str
    """`slower` or `faster` (the whole interval beyond the margin), `same` (within it), `open`, or `few`."""
    ratio: Estimate
    """head / base and its interval."""
    p_slower: float
    """Probability of ranks as these, were head not slower than the margin allows."""
    p_faster: float
    """The same of faster."""
    more_rounds: int | None
    """Of `open` and `few`: about how many more pairs would decide; absent where the centre stands on the edge."""


def decide(logs: ArrayLike, margin: float, level: float = _CERTAIN) -> Decision:
    """Says whether head is slower than base, faster, or the same, beyond or within a margin.

    Args:
        logs: ``ln(head / base)``, one a pair of processes; NaN is left out.
        margin: 0.02 allows head to take up to 1.02 times as long, and base as well.
        level: of the interval.
    """
    edge = math.log1p(margin)
    centre = shift(logs, level)
    ratio = Estimate(math.exp(centre.centre), math.exp(centre.low), math.exp(centre.high), centre.count)
    x = np.asarray(logs, dtype=float)
    more = None
    if math.isnan(centre.low):
        word, more = "few", max(FEWEST - centre.count, 1)
    elif centre.low > edge:
        word = "slower"
    elif centre.high < -edge:
        word = "faster"
    elif -edge <= centre.low and centre.high <= edge:
        word = "same"
    else:
        word, more = "open", _more(centre, edge)
    return Decision(word, ratio, p_above(x, edge), p_above(-x, edge), more)


def _more(centre: Estimate, edge: float) -> int | None:
    """Gives the pairs that are missing until the interval, which narrows with their root, leaves the nearer edge."""
    distance = min(abs(centre.centre - edge), abs(centre.centre + edge))
    if distance < edge / 20:  # four hundred times as many would be needed
        return None
    needed = centre.count * (centre.half_width / distance) ** 2
    return max(1, math.ceil(needed) - centre.count)
