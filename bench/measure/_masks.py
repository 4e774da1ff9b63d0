"""What the masks of torch's attentions hide: later tokens alone, or something else.

In: masks as `scaled_dot_product_attention` and `multi_head_attention_forward` take them, which mean the opposite by a
bool. Out: what `bench.measure.recording` says of a recorded layer.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["merged", "seen"]

_HIDDEN = -1e4
"""A mask that is added hides where it is at most this: e^-10000 is nothing, and float16 ends at -65504."""


def merged(attn_mask: Tensor | None, key_padding_mask: Tensor | None, num_heads: int) -> Tensor | None:
    """Gives the masks of `multi_head_attention_forward`, in which true is hidden, as one that is added.

    Args:
        attn_mask: ``[n, n]`` or ``[b·h, n, n]``.
        key_padding_mask: ``[b, n]`` or ``[n]``.
        num_heads: h.
    """
    parts = []
    if attn_mask is not None:
        added = _added(attn_mask)
        parts.append(added if added.dim() == 2 else torch.unflatten(added, 0, (-1, num_heads)))
    if key_padding_mask is not None:
        parts.append(_added(key_padding_mask)[..., None, None, :])
    return sum(parts[1:], parts[0]) if parts else None


def seen(mask: Tensor, n: int) -> tuple[bool, bool]:
    """Gives whether a mask hides all tokens that come later, and whether it hides others or shifts scores.

    Args:
        mask: ``[…, n, n]`` or what broadcasts to it: bool, true where a key is seen, or what is added to scores.
        n: tokens.
    """
    hidden = ~mask if mask.dtype == torch.bool else mask <= _HIDDEN
    shifts = mask.dtype != torch.bool and bool(mask.masked_fill(hidden, 0).any())
    hidden = hidden.expand(*hidden.shape[:-2], n, n)
    later = torch.ones(n, n, dtype=torch.bool, device=mask.device).triu_(1)
    causal = n > 1 and bool((hidden | ~later).all())
    return causal, shifts or bool((hidden & ~later if causal else hidden).any())


def _added(mask: Tensor) -> Tensor:
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, device=mask.device).masked_fill(mask, -torch.inf)
