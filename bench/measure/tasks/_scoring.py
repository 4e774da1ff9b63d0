"""A network's logits on a split -> scores, sample by sample; what every metric but the word error rate is read off.

Imported by `Task.evaluate` only, for it needs torch.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from bench.measure.tasks._data import IGNORED, Samples, Scores

__all__ = ["scored"]


@torch.no_grad()
def scored(network: Any, samples: Samples, *, metric: str, at_once: int) -> Scores:
    """Gives the scores of a network.

    Accuracy has the right answers of each sample, out of what was asked of it, and logits that are not finite are
    never right, and are counted; perplexity has its nats, bits_per_character its bits, out of the tokens that were
    asked for. Samples are drawn, and what is asked of one of them is not, so that an interval is one over samples.

    Args:
        network: ``(inputs, mask=None) -> logits``, with weights.
        samples: of one split.
        metric: one of those.
        at_once: samples a batch.
    """
    like = next(network.parameters())
    scores: list[float] = []
    weights: list[float] = []
    not_finite = 0
    for indices in torch.split(torch.arange(len(samples)), at_once):
        batch = samples.batch(indices, like)
        logits = network(*batch.tensors.values())
        asked = batch.targets != IGNORED
        if metric == "accuracy":
            finite = logits.isfinite().all(dim=-1)
            found = asked & (logits.argmax(dim=-1) == batch.targets) & finite
            not_finite += int((asked & ~finite).view(len(asked), -1).any(dim=1).sum())
        else:
            nats = F.cross_entropy(logits.flatten(0, -2), batch.targets.flatten(), reduction="none")
            found = nats.view(batch.targets.shape) / (math.log(2) if metric == "bits_per_character" else 1)
            not_finite += int((~found.isfinite()).view(len(found), -1).any(dim=1).sum())
        scores += _of_samples(found)
        weights += _of_samples(asked)
    return Scores(scores, weights, not_finite)


def _of_samples(found: torch.Tensor) -> list[float]:
    """Gives the sum over each sample of what was found, ``[b]`` or ``[b, n]``."""
    sums: list[float] = found.view(len(found), math.prod(found.shape[1:])).sum(dim=1, dtype=torch.float64).tolist()
    return sums
