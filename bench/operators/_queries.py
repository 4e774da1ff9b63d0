"""Queries that are not there: in self-attention a mask of the keys is one of the queries too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["of_present_queries"]


def of_present_queries(x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Gives x with the rows of absent queries at 0; as it is without a mask, and where n_q is not n.

    Args:
        x: ``[b, h, n_q, …]``.
        mask: ``[b, n]`` bool, true where a token is there.
    """
    if mask is None or x.shape[-2] != mask.shape[-1]:
        return x
    return x.masked_fill(~mask[:, None, :, None], 0.0)
