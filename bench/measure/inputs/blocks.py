"""Sixteen blocks of tokens that attend to themselves: each near a centre of its own. Rank 16 is nearly enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.inputs._draw import Draw, Drawn

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]


def _head(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    import torch

    n = draw.q.shape[0]
    signal = 1.5 * draw.centres[torch.arange(n) * 16 // n]
    return signal + 0.3 * draw.q, signal + 0.3 * draw.k, draw.v


_drawn = Drawn(_head)
scopes, unsupported, absent, tensors = _drawn.scopes, _drawn.unsupported, _drawn.absent, _drawn.tensors
