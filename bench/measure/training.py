"""Training: a module and the samples it learns from -> the same module, trained, and how that went.

AdamW with torch's own betas and weight decay, a linear warm-up over the first tenth, a constant rate, and a linear
way down over the last three tenths: with a constant rate to the end the value of a small network depends on which
step was the last (voices: .80 and .91 with two seeds, .95 and .94 so). Gradients are clipped to a norm of 1. Nothing
is chosen by what is seen on the way: no schedule of its own for any operator, no early stop. The order of samples
comes from the seed, so that all operators see the same batches.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn import functional as F

from bench.measure.tasks._data import IGNORED, Batch, Samples

__all__ = ["Look", "Recipe", "Stepped", "Stepper", "Training", "loss_of", "train"]

_WARM_UP = 0.1
_WAY_DOWN = 0.3
_FIRST = 0.001  # share of a training that is told in seconds which counts as done before its first step
_LARGEST_NORM = 1.0
_LOOKS = 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train.

    Raises:
        ValueError: neither steps nor seconds say when to stop, or both do.
    """

    learning_rate: float
    """Between the warm-up and the way down."""
    batch_size: int
    """Samples a step."""
    steps: int | None = None
    """When to stop."""
    seconds: float | None = None
    """When to stop, in place of `steps`: of training itself, without the looks; a step that has begun is finished."""

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError(f"a training stops after steps or after seconds, not {self.steps} and {self.seconds}")

    def share(self, step: int, seconds: float) -> float:
        """Gives how much of the training is done after so many steps, which took so long."""
        return step / self.steps if self.steps is not None else seconds / (self.seconds or math.inf)

    def rate(self, step: int, seconds: float) -> float:
        """Gives the learning rate of the next step, after `step` steps that took `seconds`."""
        done = self.share(step, seconds)
        share = (step + 1) / self.steps if self.steps is not None else max(done, _FIRST)
        return self.learning_rate * min(1.0, share / _WARM_UP, (1 - done) / _WAY_DOWN)


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """One point of a learning curve."""

    step: int
    """After so many."""
    seconds: float
    """Of training until then, looks not counted."""
    value: float
    """The metric on validation samples."""


@dataclasses.dataclass(frozen=True, slots=True)
class Training:
    """How a training went."""

    curve: tuple[Look, ...]
    """Before the first step, and after each eighth."""
    losses: tuple[float, ...]
    """Of each step, before its weights were changed."""
    seconds: float
    """Of all steps."""
    diverged_step: int | None
    """The step whose loss was not finite and that ended it, from 1; absent where all were."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stepped:
    """What a step computed before it changed the weights."""

    logits: torch.Tensor
    """As the module gave them."""
    loss: torch.Tensor
    """A scalar."""


class Stepper:
    """Steps over what of a module requires a gradient.

    Args:
        module: ``(inputs, mask=None) -> logits``.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.weights = [weight for weight in module.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(self.weights, fused=True)

    def step(self, batch: Batch, rate: float) -> Stepped:
        """Takes one step: forward, loss, backward, clip, AdamW; nothing waits for the device."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        logits = self.module(*batch.tensors.values())
        loss = loss_of(logits, batch.targets)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.weights, _LARGEST_NORM)
        self._optimizer.step()
        return Stepped(logits.detach(), loss.detach())


def loss_of(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Gives the mean cross entropy of logits ``[b, classes]`` or ``[b, n, classes]`` over what is asked."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED)


def train(
    module: nn.Module,
    samples: Samples,
    recipe: Recipe,
    *,
    order: torch.Generator,
    evaluate: Callable[[], float],
) -> Training:
    """Trains a module in place.

    Args:
        module: ``(inputs, mask=None) -> logits``, some of its weights requiring a gradient.
        samples: what it learns from.
        recipe: how.
        order: draws the order of samples.
        evaluate: gives the metric of the module as it stands, for the learning curve.
    """
    stepper, batches = Stepper(module), _batches(len(samples), recipe.batch_size, order)
    like = next(module.parameters())  # not the first that is trained: an adapter may have a dtype of its own
    curve = [Look(0, 0.0, evaluate())]
    losses: list[float] = []
    seconds = 0.0
    while (share := recipe.share(len(losses), seconds)) < 1:
        start = time.perf_counter()
        stepped = stepper.step(samples.batch(next(batches), like), recipe.rate(len(losses), seconds))
        losses.append(float(stepped.loss))
        seconds += time.perf_counter() - start
        if not math.isfinite(losses[-1]):
            return Training(tuple(curve), tuple(losses), seconds, diverged_step=len(losses))
        if int(_LOOKS * min(1.0, recipe.share(len(losses), seconds))) > int(_LOOKS * share):
            curve.append(Look(len(losses), seconds, evaluate()))
    return Training(tuple(curve), tuple(losses), seconds, diverged_step=None)


def _batches(count: int, size: int, order: torch.Generator) -> Iterator[torch.Tensor]:
    """Yields indices without end: all samples in random order, then all in another; a batch may hold some of both."""
    left = torch.empty(0, dtype=torch.int64)
    while True:
        while len(left) < size:
            left = torch.cat([left, torch.randperm(count, generator=order)])
        yield left[:size]
        left = left[size:]
