"""Exact attention with factored key and value projections: what is cached is the small product in between."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, cast

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import with_projections
from bench.operators.attention.sdpa import OPERATOR as SDPA
from bench.operators.attention.sdpa import is_fused

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR", "LowrankKv"]


class LowrankKv(Attention):
    """`sdpa` with ``W_K ≈ B_K A_K`` and ``W_V ≈ B_V A_V`` of rank r, by the SVD of the given weights of all heads.

    A is r × d and B g·c × r, the root of the singular values in each. Cached are ``A_K x`` and ``A_V x``, 2r a token;
    a step of `decode` never makes keys or values: ``q' = q B_K``, scores against the first, sums of the second, then
    B_V. Exact at r = min(d, g·c). Plain SVD keeps what is largest in the weights, where `lowrank_kv_whitened` keeps
    what is largest in keys and values. A bias stays behind its B. With a rotation of keys by position B_K could not
    move to the query.
    Source: Palu, arXiv 2407.21118, section 3, with all heads in one group and without its whitening.
    """

    label = "low-rank KV (plain SVD)"
    scopes = frozenset({"layer", "model"})
    phases = frozenset({"forward", "train", "decode"})
    rank_kind = "cache_width"
    causal = mask = gqa = rows_sum_to_one = nonnegative = keeps_output = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        largest = min(case.hidden_size, case.kv_heads * (case.head_dim or 0))
        if reason is None and (case.rank or 0) > largest:
            reason = f"{case.operator} factors weights of rank {largest} and rank is {case.rank}"
        return reason

    def core_cost(self, case: Case) -> Cost:
        """As of `sdpa`; a step ``2b·h(2c·r + 2n·r)``: both moved factors, scores and sums of the latents."""
        if case.phase != "decode":
            return SDPA.core_cost(case)
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        scores, wide, cached = e * b * h * n, e * b * h * r, 2 * e * b * n * r
        return Cost(
            forward_flops=4 * b * h * r * (c + n),
            backward_flops=0,
            bytes_min=2 * e * b * h * c + cached,
            bytes_algorithm=2 * e * b * h * c + cached + 4 * scores + 4 * wide,
            forward_peak_bytes=2 * scores + 2 * wide,
            kv_cache_bytes=cached,
        )

    def cost(self, case: Case) -> Cost:
        """As of a self-attention with ``r(d + g·c)`` for ``d·g·c`` weights, twice; the latents are kept beside.

        A step makes no k and v, and has no product with B but the moved one.
        """
        if case.scope == "model":
            return super().cost(case)
        d, kv, r = case.hidden_size, case.kv_heads * (case.head_dim or 0), case.rank or 0
        more = 2 * (r * (d + kv) - d * kv)
        layer = with_projections(case, self.core_cost(case), keeps_output=is_fused(case), more_weights=more)
        latents, decoding = 2 * case.element_bytes * case.tokens * r, case.phase == "decode"
        return dataclasses.replace(
            layer,
            forward_flops=layer.forward_flops - decoding * 4 * case.tokens * r * kv,
            bytes_algorithm=layer.bytes_algorithm + 2 * latents,
            saved_bytes=layer.saved_bytes + latents,
            forward_peak_bytes=layer.forward_peak_bytes - decoding * 2 * case.element_bytes * case.tokens * kv,
            train_peak_bytes=layer.train_peak_bytes + latents,
        )

    def build_layer(self, case: Case, layer: Any, generator: torch.Generator) -> torch.nn.Module:
        """Puts two factors in the place of each of k and v."""
        from bench.operators.attention._factored import LatentStep, factored

        moment = layer.second_moment if self.reads_samples else None
        layer.k, layer.v = (factored(projection, case.rank or 1, moment) for projection in (layer.k, layer.v))
        layer.attend = SDPA.build(case, generator)
        layer.decoding = lambda x: LatentStep(layer, x, scale=1 / math.sqrt(case.head_dim or 1))
        return cast("torch.nn.Module", layer)


OPERATOR = LowrankKv()
