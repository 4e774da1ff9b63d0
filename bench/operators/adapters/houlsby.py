"""Houlsby's adapters: two bottlenecks a block, one after the last projection of each sublayer."""

from __future__ import annotations

from bench.operators.adapters._bottleneck import Bottleneck

__all__ = ["OPERATOR"]


class Houlsby(Bottleneck):
    """``h + W_up gelu(W_down h + b) + b'`` of each sublayer's output h, before it is added to the block's stream.

    At scope `projection` one of the two, at `layer` the attention's. The paper names no nonlinearity; its code
    takes gelu. It starts near the identity, all weights from N(0, 0.01²); ours at it, W_up and biases being zero.
    The layer norms, which the paper trains too, have no weights here.

    Source: Houlsby et al., arXiv 1902.00751, figure 2 and section 2.1.
    """

    label = "Houlsby adapters"
    adapts = ("o", "down")


OPERATOR = Houlsby()
