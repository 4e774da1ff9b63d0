"""Closed forms of what stands around an operator: the reads and writes of a core, the projections of a layer.

The layer is ``y = W_o attend(W_q x, W_k x, W_v x)`` without biases, x ``[b, n, d]`` needing a gradient in `train`.
Peaks follow the life of its tensors: q, k, v and the output live to the end of the forward pass; the backward pass
is worst inside the core, or at its end, where gradients of the weights are there and those of x are added up.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost

if TYPE_CHECKING:
    from bench.operators._base import Adapter

__all__ = ["attention_bytes_min", "with_adapters", "with_projections"]


def attention_bytes_min(case: Case) -> int:
    """Gives bytes_min of a core: q, k, v read once, o written once; ``e·b·n·c·(2h + 2g)``."""
    heads = 2 * (case.num_heads or 0) + 2 * case.kv_heads
    return case.element_bytes * case.tokens * (case.head_dim or 0) * heads


def with_projections(case: Case, core: Cost, *, keeps_output: bool = False) -> Cost:
    """Gives the cost of a self-attention whose four projections are all trained.

    Forward ``2T·d·(h·c + 2g·c) + 2T·h·c·d``; backward twice that, x needing a gradient.

    Args:
        case: the layer's.
        core: the closed forms at scope `core`.
        keeps_output: whether the core keeps o for its own backward pass, so that W_o keeps nothing more.
    """
    e, tokens, d, kv = case.element_bytes, case.tokens, case.hidden_size, _kv_size(case)
    weights = 2 * d * d + 2 * d * kv
    products = 2 * tokens * weights
    x, qkv = e * tokens * d, e * tokens * (d + 2 * kv)
    o = 0 if keeps_output else x
    layer = dataclasses.replace(
        core,
        forward_flops=core.forward_flops + products,
        backward_flops=core.backward_flops + 2 * products,
        bytes_min=2 * x + e * weights,
        bytes_algorithm=core.bytes_algorithm + sum(_projection_bytes(case, width) for width in (d, kv, kv, d)),
        # x once, the weights, and what W_o is fed; the core keeps q, k, v
        saved_bytes=core.saved_bytes + x + e * weights + o,
        forward_peak_bytes=qkv + max(core.forward_peak_bytes, 2 * x),
        train_peak_bytes=max(
            # inside the core, whose own peak has o in it: y, its gradient through W_o, and W_o's gradient
            qkv + core.train_peak_bytes + 2 * x - o + e * d * d,
            # y, the gradient of q, the gradients of x so far, the latest and their sum; then W_q's, added in place
            max(5 * x - e * d * d, 4 * x) + e * weights,
        ),
        parameters=core.parameters + weights,
        trainable_parameters=core.trainable_parameters + weights,
    )
    return _with_ideal_share(case, core, layer)


def with_adapters(case: Case, adapter: Adapter) -> Cost:
    """Gives the cost of a self-attention with SDPA whose q and v projections are adapted, k and o frozen.

    A frozen projection keeps its weight only and costs one product in the backward pass, for dx.
    """
    from bench.operators.attention.sdpa import OPERATOR

    core, keeps_output = OPERATOR.core_cost(case), OPERATOR.keeps_output
    if adapter.trains_base:
        return with_projections(case, core, keeps_output=keeps_output)
    e, tokens, d, kv = case.element_bytes, case.tokens, case.hidden_size, _kv_size(case)
    adapted = [adapter.projection_cost(case.replace(out_features=width)) for width in (d, kv)]
    trained = adapter.weight_bytes(case) * sum(a.trainable_parameters for a in adapted)
    frozen, x, qkv = d * kv + d * d, e * tokens * d, e * tokens * (d + 2 * kv)
    shared = x if adapter.keeps_input(case) else 0  # by both adapters: one storage
    kept = sum(a.saved_bytes for a in adapted) - shared
    activations = kept - shared - trained - e * frozen  # W_q and W_v have as many elements as W_k and W_o
    layer = dataclasses.replace(
        core,
        forward_flops=core.forward_flops + 2 * tokens * frozen + sum(a.forward_flops for a in adapted),
        backward_flops=core.backward_flops + 2 * tokens * frozen + sum(a.backward_flops for a in adapted),
        bytes_min=2 * x
        + e * frozen
        + sum(a.bytes_min - e * tokens * (d + w) for a, w in zip(adapted, (d, kv), strict=True)),
        bytes_algorithm=core.bytes_algorithm
        + sum(_projection_bytes(case, width) for width in (kv, d))
        + sum(a.bytes_algorithm for a in adapted),
        saved_bytes=core.saved_bytes + kept + e * frozen + (0 if keeps_output else x),
        forward_peak_bytes=max(
            adapted[0].forward_peak_bytes,
            e * tokens * (d + kv) + adapted[1].forward_peak_bytes,
            qkv + max(core.forward_peak_bytes, 2 * x),
        ),
        train_peak_bytes=max(
            qkv + core.train_peak_bytes + 2 * x + activations,
            2 * x + max(a.train_peak_bytes for a in adapted) + trained,
        ),
        parameters=frozen + sum(a.parameters for a in adapted),
        trainable_parameters=sum(a.trainable_parameters for a in adapted),
    )
    return _with_ideal_share(case, core, layer)


def _with_ideal_share(case: Case, core: Cost, layer: Cost) -> Cost:
    # what causality spares is spared in the core only
    spared = (1 - core.ideal_share) * core.flops(case.phase)
    return dataclasses.replace(layer, ideal_share=1 - spared / layer.flops(case.phase))


def _kv_size(case: Case) -> int:
    return case.kv_heads * (case.head_dim or 0)


def _projection_bytes(case: Case, width: int) -> int:
    d = case.hidden_size
    return case.element_bytes * (case.tokens * (d + width) + d * width)
