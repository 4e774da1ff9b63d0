"""Independent N(0, 1) with q and k doubled: logits four times those of `iid`, attention sharp and of high rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.inputs._draw import Draw, Drawn

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]


def _head(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return 2 * draw.q, 2 * draw.k, draw.v


_drawn = Drawn(_head)
scopes, unsupported, absent, tensors = _drawn.scopes, _drawn.unsupported, _drawn.absent, _drawn.tensors
