"""Queries and keys that move slowly along the tokens: eight sines and cosines, mixed, and a little noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.inputs._draw import Draw, Drawn

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]


def _head(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    import torch

    t = torch.linspace(0, 8 * torch.pi, draw.q.shape[0], dtype=torch.float64)[:, None]
    angles = t * torch.arange(1, 9, dtype=torch.float64) / 4
    signal = torch.cat([angles.sin(), angles.cos()], dim=-1) @ draw.waves / 2
    return signal + 0.2 * draw.q, signal + 0.2 * draw.k, draw.v


_drawn = Drawn(_head)
scopes, unsupported, absent, tensors = _drawn.scopes, _drawn.unsupported, _drawn.absent, _drawn.tensors
