"""A case with a task -> what it is worth on it: the untimed passes `task` and `baselines`.

The pass `task` does one seed: it builds the network, trains it where the case says so, and scores the test samples
one by one, so that cases can be compared sample by sample and seed by seed. Everything is drawn from the case's seed.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import nn

from bench import data, operators
from bench.case import Case
from bench.data import models
from bench.measure import networks, pretrained, reference, tasks
from bench.measure.placement import draws
from bench.measure.pretrained import Pretrained
from bench.measure.probes import probe
from bench.measure.samples import data_of
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import Batch, Data, Samples
from bench.measure.training import Recipe, Training, train
from bench.operators._base import Adapter

__all__ = ["baselines", "learning_rate", "measure"]

_CURVE = {"trained": 500}
_OTHER_CURVE = 125
"""Validation samples of a learning curve: of a pretrained model fewer, for it takes a hundred times as long."""
_SECOND = 500
"""Test samples of the second task."""
_SEEN = 8
"""Samples of which logits and attentions are held against the exact network's."""


def measure(case: Case) -> dict[str, Any]:
    """Does a task with one seed.

    Returns:
        Of every case `task_metric`, `scores` (of classes a string of 0 and 1, else numbers, with `weights`), `steps`
        and `train_s`; where something is trained `learning_rate` and `curve`, of (step, seconds, value), and where
        that failed `diverged_step` in place of the scores. Of a pretrained network also what `_swapped` and `_tuned`
        give.
    """
    work = _Work(case, tasks.load(str(case.task)), data_of(case))
    if case.application == "trained":
        found = work.train_and_score(networks.build(case, work.samples.sizes), case.steps)
    else:
        network = networks.exact(case, work.samples.sizes, probe(case))
        found = _tuned(work, network) if case.application == "adapted" else _swapped(work, network)
        if work.task.timed:
            found.setdefault("warnings", []).append(f"latency is of {work.task.timed}")
    return {"task_metric": work.task.metric} | {name: value for name, value in found.items() if value is not None}


def baselines(case: Case) -> dict[str, Any]:
    """Gives what the trivial baselines of the task are worth: `task_majority`, `task_linear`."""
    found: dict[str, float] = tasks.load(str(case.task)).baselines(case)
    return {f"task_{name}": value for name, value in found.items()}


def learning_rate(case: Case) -> float:
    """Gives the learning rate of a case: its own, or the usual one of its adapter and model, or of the task.

    A pretrained model that recovers from a swap is trained whole, as in full fine-tuning.
    """
    if case.learning_rate is not None:
        return case.learning_rate
    if case.application == "trained":
        usual: float = tasks.load(str(case.task)).learning_rate
        return usual
    operator = operators.of(case)
    tuned = operator if isinstance(operator, Adapter) else operators.load("full")
    return float(tuned.learning_rate * models.load(str(case.model)).RATE_FACTOR)


@dataclasses.dataclass(frozen=True, slots=True)
class _Work:
    """A case, its task and the samples, and what is done with a network again and again."""

    case: Case
    task: Task
    samples: Data

    def value(self, network: nn.Module, samples: Samples) -> float | None:
        """Gives the metric; nothing where it is not finite."""
        return _finite(self.task.value(self.task.evaluate(network, samples)))

    def score(self, network: nn.Module) -> dict[str, Any]:
        """Gives the scores of the test samples; that some are not finite is told in their place."""
        found = self.task.evaluate(network, self.samples.test)
        if found.not_finite:
            return {"not_finite": found.not_finite}
        if self.task.metric == "accuracy" and not self.samples.sizes.by_token:
            return {"scores": "".join("1" if score else "0" for score in found.scores)}
        return {"scores": found.scores, "weights": found.weights}

    def train_and_score(self, network: nn.Module, steps: int | None) -> dict[str, Any]:
        """Trains a network in place and scores it."""
        case = self.case
        recipe = Recipe(
            learning_rate=learning_rate(case), batch_size=case.batch_size, steps=steps, seconds=case.seconds
        )
        few = self.samples.validation.spread(_CURVE.get(case.application, _OTHER_CURVE))
        training = train(
            network,
            self.samples.train,
            recipe,
            order=draws(case, "order"),
            evaluate=lambda: self.task.value(self.task.evaluate(network, few)),
        )
        told = {"learning_rate": recipe.learning_rate} | _told(training)
        return told if training.diverged_step else told | self.score(network)

    def seen(self, network: nn.Module) -> Batch:
        """Gives a few test samples, evenly over all of them."""
        few = self.samples.test.spread(min(_SEEN, self.task.evaluated_at_once))
        return few.batch(torch.arange(len(few)), next(network.parameters()))


def _swapped(work: _Work, network: Pretrained) -> dict[str, Any]:
    """Swaps attentions into a network that is as it was loaded.

    Returns:
        `layer_rel_errors`, of each attention's output against the exact network's, before anything is trained;
        `random`, where the operator draws; of what then recovers `value_before`, the test value at step 0; what
        `measure` says.
    """
    seen = work.seen(network)
    exact = _attended(network, seen)
    pretrained.change(work.case, network)
    errors = _errors(_attended(network, seen), exact, seen.mask)
    found = {"layer_rel_errors": errors, "random": operators.of(work.case).random or None}
    if work.case.recover_steps is None:
        return {**found, "steps": 0, "train_s": 0.0, **work.score(network)}
    before = work.value(network, work.samples.test)
    return {**found, "value_before": before, **work.train_and_score(network, work.case.recover_steps)}


def _tuned(work: _Work, network: Pretrained) -> dict[str, Any]:
    """Fine-tunes a network that is as it was loaded.

    Returns:
        `step0_rel_error`, of the logits before the first step against the exact network's; `value_before`, the test
        value then; `checkpoint_bytes`, of a file with what is trained, the head too; `second_before` and
        `second_after`, the value on the task's second task with that one's own probe, where there is one;
        `merge_rel_error`, of the logits after merging against those before, where the adapter can be merged; what
        `measure` says.
    """
    seen = work.seen(network)
    exact = _logits(network, seen)
    pretrained.change(work.case, network)
    found: dict[str, Any] = {
        "step0_rel_error": reference.relative_error(_logits(network, seen), exact),
        "value_before": work.value(network, work.samples.test),
        "checkpoint_bytes": _checkpoint_bytes(network),
    }
    second, lacking = _second(work)
    if lacking:
        found["warnings"] = [f"what it forgets is not measured: {lacking}"]
    if second:
        found["second_before"] = _remembered(second, network)
    found |= work.train_and_score(network, work.case.steps)
    if found["diverged_step"] is not None:
        return found
    if second:
        found["second_after"] = _remembered(second, network)
    unmerged = _logits(network, seen)
    if pretrained.merge(network):
        found["merge_rel_error"] = reference.relative_error(_logits(network, seen), unmerged)
    return found


def _second(work: _Work) -> tuple[Case | None, str | None]:
    """Gives the case of the second task, of the same model and length, or why it cannot be done and what to type."""
    if work.task.second is None:
        return None, None
    case, task = work.case.replace(task=work.task.second), tasks.load(work.task.second)
    reasons = (task.unsupported(case), task.absent(case), *(data.load(name).absent() for name in task.sources))
    reason = next((reason for reason in reasons if reason), None)
    return (None, reason) if reason else (case, None)


def _remembered(second: Case, network: Pretrained) -> float | None:
    """Gives the value of a network on the second task, with that one's own probe for a head."""
    work = _Work(second, tasks.load(str(second.task)), data_of(second))
    head = probe(second)
    assert head is not None
    like = next(network.parameters())
    probed = Pretrained(network.network, head.to(like.device, like.dtype))
    return work.value(probed, work.samples.test.spread(_SECOND))


def _told(training: Training) -> dict[str, Any]:
    """Gives what stands in the record of a training."""
    return {
        "curve": [[look.step, round(look.seconds, 4), _finite(look.value)] for look in training.curve],
        "steps": len(training.losses),
        "train_s": training.seconds,
        "diverged_step": training.diverged_step,
    }


@torch.no_grad()
def _logits(network: nn.Module, batch: Batch) -> torch.Tensor:
    logits: torch.Tensor = network(*batch.tensors.values())
    return logits


@torch.no_grad()
def _attended(network: Pretrained, batch: Batch) -> list[torch.Tensor]:
    """Gives the output ``[b, n, d]`` of each attention, first layer first."""
    outputs: list[torch.Tensor] = []
    hooks = [
        attention.register_forward_hook(lambda attention, given, output: outputs.append(output))
        for attention in network.network.attentions
    ]
    try:
        network.network(*batch.tensors.values())
    finally:
        for hook in hooks:
            hook.remove()
    return outputs


def _errors(found: list[torch.Tensor], exact: list[torch.Tensor], mask: torch.Tensor | None) -> list[float | None]:
    """Gives the relative error of each layer over the tokens that are there; nothing where it is not finite."""
    there = slice(None) if mask is None else mask
    pairs = zip(found, exact, strict=True)
    return [_finite(reference.relative_error(output[there], wanted[there])) for output, wanted in pairs]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _checkpoint_bytes(network: nn.Module) -> int:
    """Gives the bytes of a file with all that a training changes; the rest is what was downloaded."""
    from safetensors.torch import save

    trained = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    return len(save({name: weight.detach().contiguous() for name, weight in trained.items()}))
