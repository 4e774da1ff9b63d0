"""The logits that a scale of 1/c in place of 1/√c gives on `iid`: attention almost uniform.

On it every approximation looks good, and doing nothing (`uniform`) looks as good as most: it shows that an error says
nothing without the hardness of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.inputs._draw import Draw, Drawn

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]


def _head(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    scale = draw.q.shape[-1] ** -0.25  # of q and of k: of the logits its square
    return scale * draw.q, scale * draw.k, draw.v


_drawn = Drawn(_head)
scopes, unsupported, absent, tensors = _drawn.scopes, _drawn.unsupported, _drawn.absent, _drawn.tensors
