"""A finding, and the words in which ratios are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.units import ratio_text

__all__ = [
    "EXACT",
    "MARGIN",
    "TOPICS",
    "Finding",
    "against",
    "difference_words",
    "ratio_words",
    "shape_words",
    "share_words",
]

EXACT = 1e-6
"""Model errors are taken in float64, where an exact operator's is some 1e-15: below this it counts as exact."""


MARGIN = 0.01
"""A difference is claimed where the whole interval lies further from 1 than this: among some hundred intervals a few
of equal things miss 1 by a hair."""


_NARROW = 0.1
"""An interval that reaches further from 1 is no sign of equality."""

TOPICS = {
    "attention": "Attention",
    "task": "Accuracy on tasks",
    "rank": "More rank",
    "adapter": "Adapters",
    "layer": "Layers of their own",
    "packages": "Beside other packages",
    "seed": "The seed’s module",
    "failed": "What failed",
    "absent": "What was not measured",
}
"""Topic -> its heading, in the order of the page."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One conclusion of a report.

    Raises:
        ValueError: an unknown topic, under which no page would print it.
    """

    topic: str
    """One of `TOPICS`."""
    where: str
    """For which scope, phase, device and input it holds; empty where for all."""
    headline: str
    """The conclusion in a sentence or two."""
    details: tuple[str, ...]
    """What stands behind it, a sentence each."""
    numbers: Mapping[str, float]
    """What is counted in it."""

    def __post_init__(self) -> None:
        if self.topic not in TOPICS:
            raise ValueError(f"unknown topic {self.topic!r}")


def ratio_words(row: pd.Series[Any]) -> str:
    """Gives ``0.42 [0.41, 0.44]`` of a row's ratio to its baseline."""
    return ratio_text(row["latency_ratio"], row["latency_ratio_ci_low"], row["latency_ratio_ci_high"])


def difference_words(ratio: float, low: float, high: float) -> str:
    """Gives ``1.3 [1.2, 1.4]``, or what is said where the interval comes within `MARGIN` of 1.

    That is ``no difference seen (±2.4 %)``, or, of an interval that is too wide for that, ``0.6 [0.3, 1.2], not
    decided``.
    """
    if np.isnan(low) or np.isnan(high):
        return f"{ratio:.3g}, in too few rounds for an interval"
    if low <= 1 + MARGIN and high >= 1 - MARGIN:
        reach = max(high - 1, 1 - low)
        if reach > _NARROW:
            return f"{ratio_text(ratio, low, high)}, not decided"
        return f"no difference seen (±{100 * reach:.2g} %)"
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
