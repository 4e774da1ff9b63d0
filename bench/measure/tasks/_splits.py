"""Labelled samples, divided: what a network learns from, what its learning curve is told on, what it is judged on.

In: the splits of a data set as it is published. Out: `Splits`, train, validation and test, no sample in two of them.
Published splits have twins (a message that was sent to two groups, a piece of news that came twice): what is also in
the test split is not learnt from. Every order is the permutation of seed 0: it has nothing to do with the seed of a
case, so that all cases, and all seeds of one, are judged on the same samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.sets._labelled import Labelled

__all__ = ["Splits", "divide", "shuffled", "take"]

_SEED = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Splits:
    """Three parts of a data set that share no sample."""

    train: Labelled
    """What is learnt from."""
    validation: Labelled
    """What the learning curve is told on; nothing is chosen by it."""
    test: Labelled
    """What accuracy is told on."""


def divide(
    found: Mapping[str, Labelled], *, validation: int, train: int | None = None, test: int | None = None
) -> Splits:
    """Gives the splits of a data set, each in a random order.

    Args:
        found: `train` and `test` as published, and `validation` where there is one.
        validation: samples taken from `train` where there is no `validation`.
        train: samples that are kept of what is left; absent: all.
        test: samples that are kept of `test`; absent: all.
    """
    judged = shuffled(found["test"])
    rest = _unlike(shuffled(found["train"]), judged)
    if "validation" in found:
        held_out = _unlike(shuffled(found["validation"]), judged)
    else:
        held_out, rest = _first(rest, validation), take(rest, np.arange(validation, len(rest)))
    return Splits(_first(_unlike(rest, held_out), train), held_out, _first(judged, test))


def shuffled(labelled: Labelled) -> Labelled:
    """Gives the same samples in the order of the permutation of seed 0."""
    return take(labelled, np.random.default_rng(_SEED).permutation(len(labelled)))


def take(labelled: Labelled, indices: NDArray[np.int64]) -> Labelled:
    """Gives the samples at `indices`, in that order."""
    samples = labelled.samples
    chosen: Any = samples[indices] if isinstance(samples, np.ndarray) else [samples[i] for i in indices.tolist()]
    return dataclasses.replace(labelled, samples=chosen, labels=labelled.labels[indices])


def _first(labelled: Labelled, most: int | None) -> Labelled:
    return take(labelled, np.arange(len(labelled))[:most])


def _unlike(labelled: Labelled, other: Labelled) -> Labelled:
    """Gives the samples that have no equal in `other`."""
    known = {_content(sample) for sample in other.samples}
    different = [i for i, sample in enumerate(labelled.samples) if _content(sample) not in known]
    return take(labelled, np.array(different, dtype=np.int64))


def _content(sample: str | NDArray[Any]) -> str | bytes:
    return sample if isinstance(sample, str) else sample.tobytes()
