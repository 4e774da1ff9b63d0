"""The contract of a task: what it declares, the samples that it brings, how they are scored.

A task is one object in one file, ``TASK = MyTask()``. The suite asks what it declares, `unsupported` and `absent`
(no torch, no data); a worker asks `data`, `evaluate` and `baselines`. The suite completes and judges what operator,
model and task mean together, so a task speaks for itself alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data import models

if TYPE_CHECKING:
    from bench.measure.tasks._data import Data, Samples, Scores

__all__ = ["METRICS", "Task"]

METRICS = ("accuracy", "perplexity", "bits_per_character", "word_error_rate")
"""What can be told of a task: the first is better higher, the others lower."""


class Task:
    """What every task declares."""

    label: str = ""
    """How tables and plots call it; absent: its name."""
    modality: str = ""
    """`language`, `vision` or `audio`; empty where samples are made up."""
    metric: str = "accuracy"
    """One of `METRICS`."""
    models: frozenset[str] = frozenset()
    """The pretrained models that can do it."""
    trains: bool = True
    """Whether a small transformer can be trained on it from scratch."""
    sources: tuple[str, ...] = ()
    """The downloads of `bench.data` that it reads, a model's own apart."""
    causal: bool = False
    """Whether a token may see only itself and those before it."""
    padded: bool = False
    """Whether samples are shorter than seq_len, so that a mask says which tokens are there."""
    learning_rate: float = 1e-3
    """What training from scratch usually takes."""
    second: str | None = None
    """Another task, on which it is told what a pretrained model forgot while it was tuned to this one."""
    timed: str = ""
    """What the latency of a pretrained model is of, where it is not of all that the value is of."""
    evaluated_at_once: int = 32
    """Samples a batch of an evaluation: fewer where what a network gives of a sample is large."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.metric not in METRICS:  # its direction would not be known
            raise ValueError(f"{cls.__name__}.metric is {cls.metric!r}, none of {', '.join(METRICS)}")

    def unsupported(self, case: Case) -> str | None:
        """Gives why samples of this length have no meaning for the task, or nothing; looks at no data.

        Subclasses add their own reasons and call this one first.
        """
        reason: str | None = None
        if case.model is not None:
            reason = models.load(case.model).unsupported_length(case.seq_len)
        return reason

    def absent(self, case: Case) -> str | None:
        """Gives which package beyond those of every task is not installed and what to type, or nothing."""
        return None

    def data(self, case: Case) -> Data:
        """Gives the samples, as the case's pretrained model reads them or, where it names none, a small transformer.

        They depend on the case's model and seq_len only: all operators, and all seeds, have the same ones.
        """
        raise NotImplementedError

    def baselines(self, case: Case) -> dict[str, float]:
        """Gives the metric on the test samples of what knows no attention: `majority`, `linear`; those it has."""
        raise NotImplementedError

    def evaluate(self, network: Any, samples: Samples) -> Scores:
        """Gives a network's scores on samples; override it where the metric is read off something but logits.

        Args:
            network: ``(inputs, mask=None) -> logits``, ``[b, classes]`` or ``[b, n, vocabulary]``; one that writes
                what it hears has ``transcribe(features) -> list[str]``.
            samples: of one split.
        """
        from bench.measure.tasks._scoring import scored

        return scored(network, samples, metric=self.metric, at_once=self.evaluated_at_once)

    def value(self, scores: Scores) -> float:
        """Gives the metric of scores: their weighted mean, and of perplexity its exponential."""
        if self.metric != "perplexity":
            return scores.mean
        return math.exp(scores.mean) if scores.mean < _LARGEST_EXPONENT else math.inf


_LARGEST_EXPONENT = 709.0  # of a float64
