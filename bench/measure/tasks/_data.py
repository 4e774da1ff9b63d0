"""What a task hands over: samples that are read batch by batch, and scores that are told sample by sample.

Light, so that a task's module is: torch is imported where tensors are made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["IGNORED", "Batch", "Data", "Samples", "Scores", "Sizes"]

IGNORED = -100
"""The target at a token of which nothing is asked; torch's cross entropy leaves it out too."""


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Samples as a network takes them, with what is asked of each."""

    inputs: Tensor
    """Token ids ``[b, n]``, or what a model's ``encode`` gives."""
    mask: Tensor | None
    """``[b, n]`` bool, true where a token is there; absent where all are."""
    targets: Tensor
    """As of `Samples`."""

    @property
    def tensors(self) -> dict[str, Tensor]:
        """What a network is called with, in order."""
        return {"inputs": self.inputs} | ({} if self.mask is None else {"mask": self.mask})


@dataclasses.dataclass(frozen=True, slots=True)
class Samples:
    """One split of a task."""

    targets: Tensor
    """``[N]`` int64, classes; or ``[N, n]`` int64, what is asked at each token (of a language model the token after
    it), `IGNORED` where nothing is."""
    inputs: Callable[[Tensor], tuple[Tensor, Tensor | None]]
    """Indices ``[b]`` -> the inputs of those samples, and their mask ``[b, n]``, on the CPU."""

    def __len__(self) -> int:
        return len(self.targets)

    def batch(self, indices: Tensor, like: Tensor) -> Batch:
        """Gives the samples at `indices`, on the device and, where they are no ids, in the dtype of `like`."""
        inputs, mask = self.inputs(indices)
        dtype = like.dtype if inputs.is_floating_point() else inputs.dtype
        mask = None if mask is None else mask.to(like.device)
        return Batch(inputs.to(like.device, dtype), mask, self.targets[indices].to(like.device))

    def spread(self, most: int) -> Samples:
        """Gives at most that many of the samples, evenly over all of them, for a split may be sorted by class."""
        import torch

        if len(self) <= most:
            return self
        chosen = torch.arange(most) * len(self) // most
        return Samples(self.targets[chosen], lambda indices: self.inputs(chosen[indices]))


@dataclasses.dataclass(frozen=True, slots=True)
class Data:
    """The splits of a task for one length of samples and one network; test samples are the same for all."""

    train: Samples
    """What is learnt from."""
    validation: Samples
    """Of the learning curve."""
    test: Samples
    """Of the accuracy that is told."""
    outputs: int
    """Classes, or the vocabulary of the tokens that are asked for."""
    vocabulary: int = 0
    """Of a network that is trained here: ids that its inputs ``[b, n]`` have; 0: they are ``[b, n, features]``."""
    features: int = 0
    """Of a network that is trained here: the width of inputs that are no ids."""

    @property
    def sizes(self) -> Sizes:
        """What a network must know of them to be built."""
        by_token = self.test.targets.dim() == 2
        return Sizes(self.outputs, self.vocabulary, self.features, by_token)


@dataclasses.dataclass(frozen=True, slots=True)
class Sizes:
    """What a network must know of a task's samples to be built."""

    outputs: int
    """As of `Data`, like the next two."""
    vocabulary: int
    features: int
    by_token: bool
    """Whether something is asked at each token, not of each sample."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scores:
    """What a network gave on a split, so that two networks can be compared sample by sample."""

    scores: list[float]
    """Of each sample: its right answers, 0 or 1 where it has one class; or its nats, bits or errors."""
    weights: list[float]
    """What each score is out of: 1, or the sample's questions, tokens, characters or words."""
    not_finite: int = 0
    """Samples of which the network gave NaN or infinity, whatever became of their scores."""

    @property
    def mean(self) -> float:
        """Their sum over that of the weights."""
        return sum(self.scores) / sum(self.weights)
