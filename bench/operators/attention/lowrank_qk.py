"""Attention whose queries and keys are narrower than its values: scores of rank r, from given projections."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import cached_bytes, with_projections
from bench.operators.attention.sdpa import is_fused, padded_cost, scaled_dot_product

if TYPE_CHECKING:
    import torch

    from bench.operators._decode import Step

__all__ = ["OPERATOR"]


class LowrankQk(Attention):
    """Softmax attention with r channels a head in q and k, by the best rank-r ``W_Qᵀ W_K`` of the given projections.

    A head's scores are ``xᵀ W_Qᵀ W_K x / √c``. Their matrix of rank c is cut to rank r by its SVD, ``U S Vᵀ``, found
    in the c × c product of the triangles of both QR decompositions; ``√S Uᵀ`` and ``√S Vᵀ``, r × d, take the place of
    W_Q and W_K. No pair of that width is nearer (Eckart–Young: what is lost are the last c - r singular values).
    Biases are cut with them, as columns for an input that is always 1. The scale stays 1/√c; exact at r = c. The
    attention matrix has full rank all the same, and n² entries. The kernel is fed q and k with zeros up to c, as none
    of the CPU's takes two widths; a step of `decode` is not, and caches r + c a token and head.
    Source: Bhojanapalli et al., arXiv 2002.07028, for what the width of a head is to its rank.
    """

    label = "low-rank Q, K"
    scopes = frozenset({"layer", "model"})
    phases = frozenset({"forward", "train", "decode"})
    rank_kind = "key_dims"
    causal = mask = rows_sum_to_one = nonnegative = keeps_output = True
    rotary = False

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and (case.rank or 0) > (case.head_dim or 0):
            reason = f"{case.operator} has at most {case.head_dim} key dimensions and rank is {case.rank}"
        return reason

    def core_cost(self, case: Case) -> Cost:
        """``2b·h·n_q·n(r + c)``; backward the scores are recomputed, ``2b·h·n²(3r + 2c)``; memory as of `sdpa`.

        A step has its scores twice.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        if case.phase != "decode":
            return padded_cost(case, keys=r, values=c)
        scores, moved = e * b * h * n, e * b * h * (2 * r + 2 * c + n * (r + c))
        return Cost(
            forward_flops=2 * b * h * n * (r + c),
            backward_flops=0,
            bytes_min=moved,
            bytes_algorithm=moved + 4 * scores,
            forward_peak_bytes=2 * scores + e * b * h * r,
            kv_cache_bytes=cached_bytes(case, r + c),
        )

    def cost(self, case: Case) -> Cost:
        """As of a self-attention with ``2d·h(c - r)`` weights fewer."""
        if case.scope == "model":
            return super().cost(case)
        fewer = 2 * case.hidden_size * (case.num_heads or 0) * ((case.head_dim or 0) - (case.rank or 0))
        layer = with_projections(case, self.core_cost(case), keeps_output=is_fused(case), more_weights=-fewer)
        narrow = case.element_bytes * case.tokens * (case.num_heads or 0) * (case.rank or 0)
        return dataclasses.replace(layer, bytes_algorithm=layer.bytes_algorithm + 4 * narrow)

    def build_layer(self, case: Case, layer: Any, generator: torch.Generator) -> torch.nn.Module:
        """Puts narrower projections in the place of q and k."""
        import torch
        from torch import nn

        from bench.operators._decode import KeyValueCache

        heads, c, r = case.num_heads or 1, case.head_dim or 1, case.rank or 1
        scale = 1 / math.sqrt(c)

        class Padded(nn.Linear):
            """``[b, n, d] -> [b, n, h·c]``: of each head the first r channels, then zeros."""

            def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
                super().__init__(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
                self.weight = nn.Parameter(weight)
                if bias is not None:
                    self.bias = nn.Parameter(bias)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                projected = super().forward(x)
                if r == c:
                    return projected
                return nn.functional.pad(torch.unflatten(projected, -1, (heads, r)), (0, c - r)).flatten(-2)

        class Narrow(KeyValueCache):
            def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
                return super().__call__(q[..., :r] * scale, k[..., :r], v)

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            return scaled_dot_product(q, k, v, mask, causal=case.causal)

        def attend_decode(k: torch.Tensor, v: torch.Tensor) -> Step:
            return Narrow(lambda q, k, v: (q @ k.mT).softmax(dim=-1) @ v, k[..., :r], v)

        layer.q, layer.k = (Padded(*narrow) for narrow in _cut(layer.q, layer.k, heads, r))
        layer.attend, layer.attend_decode = attend, attend_decode
        return cast("torch.nn.Module", layer)


def _cut(q: Any, k: Any, heads: int, r: int) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
    """Yields of q and of k weight ``[h·r, d]`` and bias of the best scores of rank r, of projections to ``[h·c]``.

    A bias is a column of the weight, for an input that is always 1.
    """
    import torch

    (q_basis, q_triangle), (k_basis, k_triangle) = (
        torch.linalg.qr(torch.unflatten(_with_bias(projection).double(), 0, (heads, -1)).mT) for projection in (q, k)
    )
    u, s, vh = torch.linalg.svd(q_triangle @ k_triangle.mT)
    root = s[..., None, :r].sqrt()
    for projection, narrow in ((q, q_basis @ (u[..., :r] * root)), (k, k_basis @ (vh.mT[..., :r] * root))):
        weight, (width, dtype) = narrow.mT.flatten(0, 1), (projection.in_features, projection.weight.dtype)
        bias = None if projection.bias is None else weight[:, width].to(dtype).contiguous()
        yield weight[:, :width].to(dtype).contiguous(), bias


def _with_bias(projection: Any) -> torch.Tensor:
    """Gives the weight of a projection, and its bias as a last column where it has one."""
    import torch

    weight: torch.Tensor = projection.weight.detach()
    return weight if projection.bias is None else torch.cat([weight, projection.bias.detach()[:, None]], dim=1)


OPERATOR = LowrankQk()
