"""Closed forms of scope `model`: a stack of pre-norm blocks around a self-attention whose own closed forms are given.

A block is ``h = x + attention(LN x)``, ``y = h + W_down gelu(W_up LN h)``, its layer norms without weights, its
feed-forward network 4d wide. Beyond its attention it keeps, for the backward pass, the inputs of both norms with the
mean and the reciprocal deviation of each token, gelu's input, and what up and down keep. Peaks follow the life of its
tensors: forward LN x lives to the block's end; training is worst at either end of the backward pass, where all
activations are there, or all gradients of weights, and in the feed-forward network's half or in the attention's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._layer import Place, place

if TYPE_CHECKING:
    from bench.operators._base import Adapter

__all__ = ["stacked"]

_WIDENING = 4  # width of the feed-forward network over hidden_size


def stacked(case: Case, layer: Cost, adapter: Adapter | None = None) -> Cost:
    """Gives the cost of a stack of `case.layers` blocks.

    Forward each layer's, ``2·T·d·4d`` twice; backward twice that where the weights are trained, once where frozen.

    Args:
        case: of scope `model`.
        layer: the closed forms of its self-attention, at scope `layer`.
        adapter: what the projections of the feed-forward network are frozen for, and adapted by where it adapts
            them; absent: they are trained.
    """
    e, tokens, d, layers = case.element_bytes, case.tokens, case.hidden_size, case.layers or 1
    x = e * tokens * d
    up, down = place(case, adapter, "up", d, _WIDENING * d), place(case, adapter, "down", _WIDENING * d, d)
    parts = (layer, up.cost, down.cost)
    weights = layer.bytes_min - 2 * x + up.weight_bytes + down.weight_bytes
    # mean and reciprocal deviation of each token, which CUDA keeps in float32
    statistics = 2 * tokens * (max(e, 4) if case.device == "cuda" else e)
    saved = sum(part.saved_bytes for part in parts) + 2 * (x + statistics) + _WIDENING * x
    # of both norms and of gelu the input and the output, of both sums two inputs and the output
    elementwise = 2 * 2 * x + 2 * _WIDENING * x + 2 * 3 * x
    flops = sum(part.flops(case.phase) for part in parts)
    return Cost(
        forward_flops=layers * sum(part.forward_flops for part in parts),
        backward_flops=layers * sum(part.backward_flops for part in parts),
        forward_counter_gap=layers * sum(part.forward_counter_gap for part in parts),
        backward_counter_gap=layers * sum(part.backward_counter_gap for part in parts),
        # what causality spares is spared in the attention only
        ideal_share=1 - (1 - layer.ideal_share) * layer.flops(case.phase) / flops,
        bytes_min=2 * x + layers * weights,
        bytes_algorithm=layers * (sum(part.bytes_algorithm for part in parts) + elementwise),
        saved_bytes=layers * saved,
        # the input of a block, unless it is the stack's; LN x; then within the attention or the feed-forward network
        forward_peak_bytes=(x if layers > 1 else 0) + x + max(layer.forward_peak_bytes, _feeding(x, up, down)),
        train_peak_bytes=_train_peak(case, layer, up, down, saved - weights),
        parameters=layers * sum(part.parameters for part in parts),
        trainable_parameters=layers * sum(part.trainable_parameters for part in parts),
        kv_cache_bytes=None if layer.kv_cache_bytes is None else layers * layer.kv_cache_bytes,
    )


def _feeding(x: int, up: Place, down: Place) -> int:
    """Gives the forward peak of the feed-forward network: h and, one after the other, up, gelu, down."""
    wide = _WIDENING * x
    return x + max(x + up.cost.forward_peak_bytes, 2 * wide, wide + down.cost.forward_peak_bytes)


def _train_peak(case: Case, layer: Cost, up: Place, down: Place, activations: int) -> int:
    """Gives the peak of a `train` call.

    Args:
        case: of scope `model`.
        layer: the closed forms of a self-attention.
        up: the projection d -> 4d.
        down: the projection 4d -> d.
        activations: bytes that a block keeps, less those of weights.
    """
    x = case.element_bytes * case.tokens * case.hidden_size
    wide = _WIDENING * x
    feeding = max(
        # in down; at gelu, with the gradients of its output and its input; in up, with that of its output
        activations + _beside(down),
        activations - down.activation_bytes + 2 * wide + down.trained_bytes,
        activations - down.activation_bytes + _beside(up) + down.trained_bytes,
    )
    # the gradient of h and LN x beside what happens in the attention, whose own output is gone
    attending = x + layer.train_peak_bytes + up.trained_bytes + down.trained_bytes
    trained = layer.trainable_parameters * up.trained_element_bytes + up.trained_bytes + down.trained_bytes
    # y, and of the other blocks what they keep, before their backward pass, or their weights' gradients after it
    others = ((case.layers or 1) - 1) * max(activations, trained)
    return x + others + max(feeding - x, attending)


def _beside(projection: Place) -> int:
    """Gives what a projection's backward pass takes beside its output, that one's gradient, and what it had kept."""
    kept = projection.activation_bytes - projection.input_bytes * projection.keeps_input
    return projection.cost.train_peak_bytes - projection.output_bytes - kept
