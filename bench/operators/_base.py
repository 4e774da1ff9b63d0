"""The contract of an operator: what it declares, what it costs, how it is built.

An operator is one object in one file, ``OPERATOR = MyOperator()``. It is read in three places: the suite asks
`unsupported` and `cost` (no torch), the worker asks `build` (torch), the audit compares what is declared with what
is observed. Nothing else looks into it.

Axis legend, here and in the operators: b batch, h query heads, g key/value heads, n seq_len, c head_dim,
d hidden_size, r rank, T = b·n tokens, e bytes an element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from bench.case import DTYPES, Case
from bench.cost import Cost
from bench.operators._operator import Operator, Option, implementation_name, lacking

if TYPE_CHECKING:
    import torch

    from bench.operators._decode import Step

__all__ = ["Adapter", "Attention", "Layer", "Operator", "Option"]


class Attention(Operator):
    """An attention: ``(q, k, v) -> o``.

    At scope `core` q, k and v are given; at scope `layer` four projections without bias are put around it, and at
    scope `model` blocks around that.
    """

    family = "attention"
    scopes = frozenset({"core", "layer", "model"})
    causal: bool = False
    """Whether a causal form exists."""
    mask: bool = False
    """Whether a key mask is honoured."""
    gqa: bool = False
    """Whether there may be fewer key and value heads than query heads; swapped into a network that has fewer, an
    attention that does not know them is given each as often as it has query heads."""
    only_grouped: bool = False
    """Whether there must be."""
    exact: bool = False
    """Whether it equals softmax attention."""
    exact_at_full_rank: bool = False
    """Whether it equals softmax attention at rank = seq_len."""
    rows_sum_to_one: bool = False
    """Whether each row of its (implied) matrix sums to one."""
    nonnegative: bool = False
    """Whether its (implied) matrix has no negative entry."""
    keeps_output: bool = False
    """Whether its backward pass keeps o, as fused kernels do: an output projection then keeps it for nothing."""
    rotary: bool = True
    """Whether it may stand where queries and keys are rotated by position: not where it folds their projections."""
    calibrated: bool = False
    """Whether a step of `decode` rests on a look at the tokens before it, where a forward pass looks at all."""
    reads_samples: bool = False
    """Whether it is fitted to what its projections read: `build_layer` finds ``layer.second_moment``."""
    linear_in_v: bool = True
    """Whether o is linear in v, so that the matrix can be read off by feeding the identity."""

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason:
            return reason
        if case.phase == "decode" and case.mask != "none":
            return "phase decode has no key mask: what is not there is not cached"
        if case.phase == "decode" and case.seq_len < 2:
            return "phase decode needs a token before the new one; seq_len 2 or more"
        if case.phase == "decode" and case.scope == "model" and not case.causal:
            return "phase decode at scope model needs causal: true, or the cache would change with each token"
        if case.causal and not self.causal:
            return f"{implementation_name(case)} has no causal form"
        if case.mask != "none" and not self.mask:
            return f"{implementation_name(case)} honours no key mask"
        if case.kv_heads != case.num_heads and not self.gqa and case.application != "swapped":
            return f"{implementation_name(case)} needs as many key and value heads as query heads"
        return None

    def matrix_rank(self, case: Case) -> int | None:
        """Gives the largest rank of its (implied) matrix, where that is below seq_len: then Eckart–Young binds."""
        return None

    def keeps_o(self, case: Case) -> bool:
        """Gives whether the core keeps its output o for its own backward pass: `keeps_output`, unless it depends."""
        return self.keeps_output

    def core_cost(self, case: Case) -> Cost:
        """Gives the closed forms at scope `core`; what `cost` adds at scope `layer` is not its business."""
        raise lacking(self, "core_cost")

    def cost(self, case: Case) -> Cost:
        from bench.operators._layer import with_projections
        from bench.operators._stack import stacked

        if case.scope == "model":
            return stacked(case, self.cost(case.replace(scope="layer")))
        core = self.core_cost(case)
        return with_projections(case, core, keeps_output=self.keeps_o(case)) if case.scope == "layer" else core

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Does all set-up and returns the callable that is timed, an `nn.Module` where it has weights.

        Args:
            case: its shape, rank, options, dtype and device. The callable must take any dtype that it is given.
            generator: on the CPU, for random weights and features.

        Returns:
            ``attend(q, k, v, mask=None) -> o`` with q ``[b, h, n, c]``, k ``[b, g, n, c]``, v ``[b, g, n, c_v]``,
            mask ``[b, n]`` bool (true: the key is there), o ``[b, h, n, c_v]``. c_v may differ from c.
        """
        raise lacking(self, "build")

    def build_decode(self, case: Case, generator: torch.Generator, k: torch.Tensor, v: torch.Tensor) -> Step:
        """Gives the step of phase `decode`, its cache filled: ``step(q, k, v) -> o`` of the new token's q, k and v.

        As it stands it caches k and v themselves and calls what `build` gives with a single query. Override it where
        something else is cached.

        Args:
            case: ``seq_len`` counts the new token too.
            generator: as for `build`.
            k: ``[b, g, n - 1, c]``, of the tokens before.
            v: ``[b, g, n - 1, c_v]``.
        """
        from bench.operators._decode import KeyValueCache

        return KeyValueCache(self.build(case.replace(causal=False), generator), k, v)

    def build_layer(self, case: Case, layer: Any, generator: torch.Generator) -> torch.nn.Module:
        """Puts the attention into a self-attention and gives the layer that is timed.

        Args:
            case: of scope `layer` or `model`.
            layer: `bench.measure.layers.SelfAttention` with its projections q, k, v and o drawn. Override this
                where the attention changes them.
            generator: as for `build`.
        """

        again = generator.clone_state()  # a step has the draws of the forward pass
        layer.attend = self.build(case, generator)
        layer.attend_decode = lambda k, v: self.build_decode(case, again.clone_state(), k, v)
        return cast("torch.nn.Module", layer)


class Adapter(Operator):
    """An adapter of a linear projection W0 ``[out, in]``, which is frozen unless the adapter says otherwise.

    At scope `projection` one map is adapted; at scope `layer` those of a self-attention with SDPA that it `adapts`,
    at scope `model` those of each block.
    """

    family = "adapter"
    scopes = frozenset({"projection", "layer", "model"})
    takes_adapter_dtype = True
    mergeable: bool = True
    """Whether it can be folded into W0; the module then has `merged_weight`."""
    adapts: tuple[str, ...] = ("q", "v")
    """Which projections of a block it adapts beyond scope `projection`: of q, k, v, o, up and down."""
    trains_base: bool = False
    """Whether W0 itself is trained, and beyond scope `projection` all of them: the plain layer, not an adapter."""
    starts_as_base: bool = True
    """Whether it gives what its base gives in its published initial state, to rounding."""
    scales_update: bool = True
    """Whether the update is proportional to the option `alpha`, where there is one."""
    learning_rate: float = 2e-3
    """What fine-tuning with AdamW usually takes, where no suite says otherwise."""

    fixed_batch: bool = False
    """Whether what is built is for the samples of one batch, each of which has its own weights."""

    def update_rank(self, case: Case) -> int | None:
        """Gives the largest rank of the update, the merged weight less W0, where that is bounded."""
        return None

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.scope == "layer" and not (self.trains_base or set(self.adapts) & set("qkvo")):
            places = ", ".join(self.adapts)
            reason = f"{implementation_name(case)} adapts {places}, which no self-attention has; take scope: model"
        return reason

    def weight_bytes(self, case: Case) -> int:
        """Gives the bytes of an element of the adapter's own weights."""
        return DTYPES[case.adapter_dtype or case.dtype][1]

    def casts(self, case: Case) -> bool:
        """Gives whether x is copied into the adapter's dtype: the copy is then kept for the backward pass, not x."""
        return case.adapter_dtype not in (None, case.dtype)

    def keeps_input(self, case: Case) -> bool:
        """Gives whether the backward pass keeps x itself, which the adapters of a layer then share."""
        return not self.casts(case)

    def projection_cost(self, case: Case) -> Cost:
        """Gives the closed forms at scope `projection`."""
        raise lacking(self, "projection_cost")

    def cost(self, case: Case) -> Cost:
        from bench.operators._layer import with_adapters
        from bench.operators._stack import stacked

        if case.scope == "projection":
            return self.projection_cost(case)
        if case.scope == "model":
            return stacked(case, self.cost(case.replace(scope="layer")), self)
        return with_adapters(case, self)

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Wraps a projection in its published initial state (step 0 equals the base wherever the paper says so).

        Args:
            case: rank, options, dtype of the adapter.
            linear: the projection W0, without bias.
            generator: on the CPU, for random weights.

        Returns:
            A module ``x [..., in] -> y [..., out]`` in W0's dtype, whose trainable weights require gradients and
            whose frozen ones do not. Where its function at step 0 would be the base's whatever the code does, it
            has a method ``perturb(generator)`` that draws the trainable weights; measuring and tests call it right
            after `build` and with the same generator. Where `mergeable`, it has ``merged_weight()``, which gives W0
            with the update folded in, ``[out, in]`` in W0's dtype, and leaves W0 as it is.
        """
        raise lacking(self, "build")


class Layer(Operator):
    """A whole self-attention with its own projections: ``x [b, n, d] -> y [b, n, out]``."""

    family = "layer"
    scopes = frozenset({"layer"})
    causal: bool = False
    """Whether a causal form exists."""
    mask: bool = False
    """Whether a key mask is honoured."""

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.causal and not self.causal:
            reason = f"{implementation_name(case)} has no causal form"
        if reason is None and case.mask != "none" and not self.mask:
            reason = f"{implementation_name(case)} honours no key mask"
        return reason

    def cost(self, case: Case) -> Cost:
        """Gives the closed forms at scope `model`, from those at scope `layer` that a subclass has."""
        from bench.operators._stack import stacked

        if case.scope != "model":
            raise lacking(self, "cost")
        return stacked(case, self.cost(case.replace(scope="layer")))

    def build(self, case: Case, generator: torch.Generator) -> torch.nn.Module:
        """Gives the module that is timed."""
        raise lacking(self, "build")
