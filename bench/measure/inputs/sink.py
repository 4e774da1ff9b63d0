"""Every query looks at the first token: an attention sink, as pretrained language models have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.inputs._draw import Draw, Drawn

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]


def _head(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    unit = draw.direction / draw.direction.norm()
    k = draw.k.clone()
    k[0] += 16 * unit
    return draw.q + 2 * unit, k, draw.v


_drawn = Drawn(_head)
scopes, unsupported, absent, tensors = _drawn.scopes, _drawn.unsupported, _drawn.absent, _drawn.tensors
