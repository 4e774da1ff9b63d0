"""Pfeiffer's adapter: one bottleneck a block, after the feed-forward network's last projection."""

from __future__ import annotations

from bench.operators.adapters._bottleneck import Bottleneck

__all__ = ["OPERATOR"]


class Pfeiffer(Bottleneck):
    """``h + W_up gelu(W_down h + b) + b'`` of the feed-forward network's output h: half of Houlsby's.

    AdapterHub's form of that name takes relu where this takes gelu, so that it differs from Houlsby's in its place
    alone. The LoRA paper's AdapterL (its section 5.1) has a trained layer norm beside it, 2·d weights more.

    Source: Pfeiffer et al., arXiv 2005.00247, which chose this place by search.
    """

    label = "Pfeiffer adapter"
    adapts = ("down",)


OPERATOR = Pfeiffer()
