"""Means over segments of tokens: how Linformer and the Nyström family shorten a sequence.

Segment j of m covers the tokens ``[j·n//m, (j+1)·n//m)``: every token once, sizes differ by at most one. This is not
`adaptive_avg_pool`, whose bins overlap. Under a key mask a mean is over the valid tokens; the mean of none is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case

if TYPE_CHECKING:
    import torch

__all__ = ["segment_counts", "segment_means", "too_few_tokens"]


def too_few_tokens(case: Case) -> str | None:
    """Gives why `rank` segments cannot be cut from the tokens, or nothing."""
    if (case.rank or 0) <= case.seq_len:
        return None
    return f"{case.operator} pools to {case.rank} segments and there are {case.seq_len} tokens"


def segment_means(x: torch.Tensor, segments: int, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Gives the mean of each segment.

    Args:
        x: ``[b, h, n, c]``.
        segments: how many, at most n.
        mask: ``[b, n]`` bool, true where the token is there.

    Returns:
        ``[b, h, segments, c]``.
    """
    import torch

    n = x.shape[-2]
    if n % segments == 0:
        parts = torch.unflatten(x, -2, (segments, n // segments))
        if mask is None:
            return parts.mean(dim=-2)
        valid = torch.unflatten(mask, -1, (segments, n // segments))
    else:
        index, inside = _layout(n, segments, x.device)
        parts = torch.unflatten(x.index_select(-2, index.flatten()), -2, index.shape)
        valid = inside if mask is None else inside & mask[:, index]
    # filled, not multiplied: what a padded token holds, even NaN, must not reach the mean
    parts = parts.masked_fill(~_beside_heads(valid).unsqueeze(-1), 0.0)
    return parts.sum(dim=-2) / _beside_heads(valid).sum(dim=-1, keepdim=True).clamp(min=1)


def segment_counts(n: int, segments: int, mask: torch.Tensor | None, device: torch.device) -> torch.Tensor:
    """Gives how many valid tokens each segment has, ``[b or 1, 1, 1, segments]``."""
    index, inside = _layout(n, segments, device)
    valid = inside if mask is None else inside & mask[:, index]
    return _beside_heads(valid).sum(dim=-1).unsqueeze(-2)


def _layout(n: int, segments: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives each segment's tokens, ``[segments, longest]``, and which of them are its own."""
    import torch

    bounds = torch.arange(segments + 1, device=device) * n // segments
    index = bounds[:-1, None] + torch.arange(-(-n // segments), device=device)
    return index.clamp(max=n - 1), index < bounds[1:, None]


def _beside_heads(valid: torch.Tensor) -> torch.Tensor:
    """``[(b,) segments, longest]`` -> ``[b or 1, 1, segments, longest]``."""
    return valid.unsqueeze(-3) if valid.dim() == 3 else valid[None, None]
