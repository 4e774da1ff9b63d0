"""Each query looks for one key of its own: attention is a permutation, which no low rank can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.inputs._draw import Draw, Drawn

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]


def _head(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    k = draw.k / draw.k.norm(dim=-1, keepdim=True) * (1.5 * draw.k.shape[-1] ** 0.5)
    return k[draw.order], k, draw.v


_drawn = Drawn(_head)
scopes, unsupported, absent, tensors = _drawn.scopes, _drawn.unsupported, _drawn.absent, _drawn.tensors
