"""A finding, and the words in which ratios are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.units import ratio_text

__all__ = ["EXACT", "MARGIN", "Finding", "against", "difference_words", "ratio_words", "shape_words", "share_words"]

EXACT = 1e-6
"""Model errors are taken in float64, where an exact operator's is some 1e-15: below this it counts as exact."""


MARGIN = 0.01
"""A difference is claimed where the whole interval lies further from 1 than this: among some hundred intervals a few
of equal things miss 1 by a hair."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion of a report."""

    topic: str
    """`attention`, `adapter`, `layer`, `task`, `rank`, `packages`, `seed`, `failed` or `absent`."""
    where: str
    """For which scope, phase, device and input it holds; empty where for all."""
    headline: str
    """The conclusion in a sentence or two."""
    details: tuple[str, ...]
    """What stands behind it, a sentence each."""
    numbers: Mapping[str, float]
    """What is counted in it."""


def ratio_words(row: pd.Series[Any]) -> str:
    """Gives ``0.42 [0.41, 0.44]`` of a row's ratio to its baseline."""
    return ratio_text(row["latency_ratio"], row["latency_ratio_ci_low"], row["latency_ratio_ci_high"])


def difference_words(ratio: float, low: float, high: float) -> str:
    """Gives ``1.3 [1.2, 1.4]``, or that no difference was seen where the interval comes within `MARGIN` of 1."""
    if np.isnan(low) or np.isnan(high):
        return f"{ratio:.3g}, in too few rounds for an interval"
    if low <= 1 + MARGIN and high >= 1 - MARGIN:
        percent = max(high - 1, 1 - low) * 100
        return f"no difference seen (±{percent:{'.2g' if percent < 99.5 else '.0f'}} %)"
    return ratio_text(ratio, low, high)


def against(row: pd.Series[Any]) -> str:
    """Gives `difference_words` of a row's ratio to its baseline."""
    return difference_words(row["latency_ratio"], row["latency_ratio_ci_low"], row["latency_ratio_ci_high"])


def share_words(share: float) -> str:
    """Gives how a share of something is told: ``the same``, ``0.25 of its``, ``2.1 times its``."""
    if abs(share - 1) < 0.005:
        return "the same"
    return f"{share:.2g} of its" if share < 1 else f"{share:.3g} times its"


def shape_words(row: pd.Series[Any]) -> str:
    """Gives ``core/forward n=1024 d=512 cpu``."""
    return f"{row['scope']}/{row['phase']} n={row['seq_len']:g} d={row['hidden_size']:g} {row['device']}"
