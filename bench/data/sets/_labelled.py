"""Samples and what each of them is: what the data sets that a task can be scored on give."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Labelled"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One part of a data set, in an order that never changes.

    Raises:
        ValueError: samples and labels are not equally many.
    """

    samples: Sequence[str] | NDArray[np.uint8] | list[NDArray[np.float32]]
    """Texts, images ``[N, height, width]``, or waveforms of different lengths."""
    labels: NDArray[np.int64]
    """``[N]``: the index in `classes` of each sample."""
    classes: tuple[str, ...]
    """What the classes are called."""

    def __post_init__(self) -> None:
        if len(self.samples) != len(self.labels):
            raise ValueError(f"{len(self.samples)} samples and {len(self.labels)} labels; as many are right")

    def __len__(self) -> int:
        return len(self.labels)
