"""A stream of tokens, cut into windows in which each token is to be told from those before it.

In: token ids ``[N]``. Out: samples of which the inputs are seq_len tokens and the targets the same, one place on. Two
windows share no target. A window begins without a memory of the one before it, so that what is measured depends on
seq_len: that is the point.
"""

from __future__ import annotations

import torch

from bench.measure.tasks._data import Samples

__all__ = ["count", "spread", "windows"]


def count(stream: torch.Tensor, seq_len: int) -> int:
    """Gives how many windows a stream has; what is left over at its end is in none."""
    return (len(stream) - 1) // seq_len


def spread(number: int, most: int) -> torch.Tensor:
    """Gives `most` of the numbers below `number`, evenly spread, or all where there are no more."""
    kept = min(number, most)
    return torch.arange(kept) * number // max(kept, 1)


def windows(stream: torch.Tensor, seq_len: int, numbers: torch.Tensor) -> Samples:
    """Gives the windows of those numbers: inputs and targets ``[b, seq_len]``."""
    places = numbers[:, None] * seq_len + torch.arange(seq_len)
    inputs, targets = stream[places], stream[places + 1]
    return Samples(targets=targets, inputs=lambda indices: (inputs[indices], None))
