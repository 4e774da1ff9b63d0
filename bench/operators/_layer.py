"""Closed forms of what stands around an operator: the reads and writes of a core, the projections of a layer.

The layer is ``y = W_o attend(W_q x, W_k x, W_v x)`` without biases, x ``[b, n, d]`` needing a gradient in `train`.
Peaks follow the life of its tensors: q, k and v live until attend gives its output; the backward pass
is worst inside the core, or at its end, where gradients of the weights are there and those of x are added up.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost

if TYPE_CHECKING:
    from bench.operators._base import Adapter

__all__ = [
    "Place",
    "attention_bytes_min",
    "cached_bytes",
    "hides_the_future",
    "place",
    "with_adapters",
    "with_projections",
]


def attention_bytes_min(case: Case) -> int:
    """Gives bytes_min of a core: q, k, v read once, o written once; ``e·b·c·(2h·n_q + 2g·n)``."""
    rows = 2 * (case.num_heads or 0) * case.query_len + 2 * case.kv_heads * case.seq_len
    return case.element_bytes * case.batch_size * (case.head_dim or 0) * rows


def cached_bytes(case: Case, width: int) -> int | None:
    """Gives kv_cache_bytes where `width` elements are kept a token and key head; absent but in phase `decode`."""
    tokens = case.batch_size * case.seq_len
    return case.element_bytes * tokens * case.kv_heads * width if case.phase == "decode" else None


def hides_the_future(case: Case) -> bool:
    """Gives whether causality hides some key: the one query of phase `decode` sees all."""
    return case.causal and case.phase != "decode"


def with_projections(case: Case, core: Cost, *, keeps_output: bool = False, more_weights: int = 0) -> Cost:
    """Gives the cost of a self-attention whose four projections are all trained.

    Forward ``2T·d·(h·c + 2g·c) + 2T·h·c·d``; backward twice that, x needing a gradient.

    Args:
        case: the layer's.
        core: the closed forms at scope `core`.
        keeps_output: whether the core keeps o for its own backward pass, so that W_o keeps nothing more.
        more_weights: how many more than four plain projections have; below 0 where they are fewer.
    """
    e, tokens, d, kv = case.element_bytes, case.tokens, case.hidden_size, _kv_size(case)
    weights = 2 * d * d + 2 * d * kv + more_weights
    products = 2 * tokens * weights
    x, qkv = e * tokens * d, e * tokens * (d + 2 * kv)
    o = 0 if keeps_output else x
    layer = dataclasses.replace(
        core,
        forward_flops=core.forward_flops + products,
        backward_flops=core.backward_flops + 2 * products,
        bytes_min=2 * x + e * weights + (core.kv_cache_bytes or 0),
        bytes_algorithm=core.bytes_algorithm
        + sum(_projection_bytes(case, width) for width in (d, kv, kv, d))
        + e * more_weights,
        # x once, the weights, and what W_o is fed; the core keeps q, k, v
        saved_bytes=core.saved_bytes + x + e * weights + o,
        forward_peak_bytes=max(qkv + core.forward_peak_bytes, 2 * x),
        train_peak_bytes=max(
            # inside the core, whose own peak has o in it: y, its gradient through W_o, and W_o's gradient
            qkv + core.train_peak_bytes + 2 * x - o + e * d * d,
            # y, the gradient of q, the gradients of x so far, the latest and their sum; then W_q's, added in place
            max(5 * x - e * d * d, 4 * x) + e * weights,
        ),
        parameters=core.parameters + weights,
        trainable_parameters=core.trainable_parameters + weights,
    )
    return with_ideal_share(case, core, layer)


def with_adapters(case: Case, adapter: Adapter) -> Cost:
    """Gives the cost of a self-attention with SDPA, of whose projections an adapter adapts some; the rest is frozen.

    A frozen projection keeps its weight only and costs one product in the backward pass, for dx.
    """
    from bench.operators.attention.sdpa import OPERATOR

    core, keeps_output = OPERATOR.core_cost(case), OPERATOR.keeps_o(case)
    if adapter.trains_base:
        return with_projections(case, core, keeps_output=keeps_output)
    d, kv = case.hidden_size, _kv_size(case)
    q, k, v, o = (place(case, adapter, name, d, width) for name, width in (("q", d), ("k", kv), ("v", kv), ("o", d)))
    places = (q, k, v, o)
    x, qkv = q.input_bytes, q.output_bytes + k.output_bytes + v.output_bytes
    # one storage: x for q, k and v, and the core's output for o
    shared = x * max(0, sum(each.keeps_input for each in (q, k, v)) - 1) + x * (keeps_output and o.keeps_input)
    activations = sum(each.activation_bytes - each.input_bytes * each.keeps_input for each in places)
    layer = dataclasses.replace(
        core,
        forward_flops=core.forward_flops + sum(each.cost.forward_flops for each in places),
        backward_flops=core.backward_flops + sum(each.cost.backward_flops for each in places),
        forward_counter_gap=core.forward_counter_gap + sum(each.cost.forward_counter_gap for each in places),
        backward_counter_gap=core.backward_counter_gap + sum(each.cost.backward_counter_gap for each in places),
        bytes_min=2 * x + sum(each.weight_bytes for each in places),
        bytes_algorithm=core.bytes_algorithm + sum(each.cost.bytes_algorithm for each in places),
        saved_bytes=core.saved_bytes + sum(each.cost.saved_bytes for each in places) - shared,
        forward_peak_bytes=max(
            q.cost.forward_peak_bytes,
            q.output_bytes + k.cost.forward_peak_bytes,
            q.output_bytes + k.output_bytes + v.cost.forward_peak_bytes,
            qkv + core.forward_peak_bytes,
            x + o.cost.forward_peak_bytes,
        ),
        train_peak_bytes=max(
            qkv + core.train_peak_bytes + 2 * x + activations,
            2 * x + max(each.cost.train_peak_bytes for each in places) + sum(each.trained_bytes for each in places),
        ),
        parameters=sum(each.cost.parameters for each in places),
        trainable_parameters=sum(each.cost.trainable_parameters for each in places),
    )
    return with_ideal_share(case, core, layer)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A projection of a layer or a block: trained, frozen, or frozen and adapted."""

    cost: Cost
    """As at scope `projection`."""
    input_bytes: int
    """Of x."""
    output_bytes: int
    """Of y."""
    keeps_input: bool
    """Whether x itself is kept for the backward pass."""
    trained_element_bytes: int
    """Of an element of a trained weight."""

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights, the adapter's among them."""
        return self.cost.bytes_min - self.input_bytes - self.output_bytes

    @property
    def activation_bytes(self) -> int:
        """What is kept for the backward pass, less the weights."""
        return self.cost.saved_bytes - self.weight_bytes

    @property
    def trained_bytes(self) -> int:
        """Bytes of the trained weights, and so of their gradients."""
        return self.trained_element_bytes * self.cost.trainable_parameters


def place(case: Case, adapter: Adapter | None, name: str, in_features: int, out_features: int) -> Place:
    """Gives what a projection costs where it stands.

    Args:
        case: of scope `layer` or `model`.
        adapter: what the weights are frozen for; absent: they are trained.
        name: of the projection, one of q, k, v, o, up and down.
        in_features: width of its input.
        out_features: width of its output.
    """
    from bench.operators.adapters.full import OPERATOR as FULL
    from bench.operators.adapters.lora_merged import OPERATOR as FROZEN

    e = case.element_bytes
    case = case.replace(scope="projection", hidden_size=in_features, out_features=out_features, layers=None)
    trained = adapter is None or adapter.trains_base
    of: Adapter = FULL if adapter is None or trained else adapter if name in adapter.adapts else FROZEN
    return Place(
        cost=of.projection_cost(case),
        input_bytes=e * case.tokens * in_features,
        output_bytes=e * case.tokens * out_features,
        keeps_input=of.keeps_input(case),
        trained_element_bytes=of.weight_bytes(case),
    )


def with_ideal_share(case: Case, core: Cost, layer: Cost) -> Cost:
    """Gives a layer's cost with the share of its FLOPs that remain where causality spares part of the core's."""
    spared = (1 - core.ideal_share) * core.flops(case.phase)
    return dataclasses.replace(layer, ideal_share=1 - spared / layer.flops(case.phase))


def _kv_size(case: Case) -> int:
    return case.kv_heads * (case.head_dim or 0)


def _projection_bytes(case: Case, width: int) -> int:
    d = case.hidden_size
    return case.element_bytes * (case.tokens * (d + width) + d * width)
