"""Linformer with projections that are weights: keys and values are shortened to r by two trained matrices."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class LinformerTrained(Attention):
    """``softmax(q (E k)ᵀ / √c) (F v)`` with weights E and F, ``[r, n]`` each, one pair for all heads.

    Source: Wang et al., arXiv 2006.04768, equation 7, with headwise sharing. They are drawn from U(-1/√r, 1/√r), as
    the authors of the package `linformer` do, and approximate nothing before they are trained: no error against exact
    attention is reported. n is the longest sequence; a shorter one takes the first columns. Under a key mask keys and
    values that are not there count as 0. It mixes tokens across positions: there is no causal form.
    """

    label = "Linformer (trained)"
    rank_kind = "projected_len"
    approximates = False
    random = mask = True

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len else None

    def core_cost(self, case: Case) -> Cost:
        """Both projections, the scores and their product with F v: 2·n·r·c each; backward twice that.

        Kept: q, k and v, the probabilities n·r, E k and F v of r·c each, E and F of n·r. Worst moment backward: in
        the softmax, the probabilities, their gradient and that of the scores; or at the end, where the gradients of
        the inputs stand.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r, masked = case.rank or 0, case.mask != "none"
        flops = 8 * b * h * n * r * c
        scores, output, pooled, weights = e * b * h * n * r, e * b * h * n * c, 2 * e * b * h * r * c, 2 * n * r
        hidden = masked * 2 * output
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=attention_bytes_min(case) + e * weights,
            bytes_algorithm=attention_bytes_min(case) + e * weights + 4 * scores + 2 * pooled,
            saved_bytes=3 * output + pooled + scores + e * weights + masked * b * n,
            forward_peak_bytes=hidden + pooled + scores + max(scores, output),
            train_peak_bytes=hidden + max(3 * scores + output + pooled, 4 * output + scores + e * weights),
            parameters=weights,
            trainable_parameters=weights,
        )

    def cost(self, case: Case) -> Cost:
        """At scope `layer` E and F come first, ``(E x) W_k``: k and v are of b·r tokens, x is kept in their place.

        Projections ``4T·d² + 4b·r·d²``, backward twice that. Kept beside the core's: x, all weights, E x and F x, and
        what W_o is fed.
        """
        whole = super().cost(case)
        if case.scope != "layer":
            return whole
        core = self.core_cost(case)
        b, d, e, r = case.batch_size, case.hidden_size, case.element_bytes, case.rank or 0
        x, short, scores = e * case.tokens * d, e * b * r * d, e * b * (case.num_heads or 0) * case.seq_len * r
        hidden = (case.mask != "none") * x
        spared = 4 * (case.tokens - b * r) * d * d
        weights = e * whole.parameters
        return dataclasses.replace(
            whole,
            forward_flops=whole.forward_flops - spared,
            backward_flops=whole.backward_flops - 2 * spared,
            bytes_algorithm=2 * x + weights + 2 * x + 4 * scores + 4 * x + 8 * short,
            saved_bytes=core.saved_bytes + weights - e * core.parameters + 2 * short + hidden,
            forward_peak_bytes=hidden + max(x + 2 * short + scores + max(scores, x), 2 * x),
            train_peak_bytes=hidden + max(3 * x + 3 * scores + 4 * short + e * d * d, 4 * x + weights),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives a module with the weights `keys` (E) and `values` (F), ``[r, n]``, as ``(q, k, v, mask=None)``."""
        import torch
        from torch import nn

        def drawn() -> nn.Parameter:
            rank, bound = case.rank or 1, 1 / math.sqrt(case.rank or 1)
            weight = torch.empty(rank, case.seq_len, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
            return nn.Parameter(weight.to(case.device, getattr(torch, case.dtype)))

        class Projected(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.keys, self.values = drawn(), drawn()

            def forward(
                self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
            ) -> torch.Tensor:
                if mask is not None:
                    hidden = ~mask[:, None, :, None]
                    k, v = k.masked_fill(hidden, 0.0), v.masked_fill(hidden, 0.0)
                return _attend(q, _shorten(self.keys, k), _shorten(self.values, v))

        return Projected()

    def build_layer(self, case: Case, layer: Any, generator: torch.Generator) -> torch.nn.Module:
        """Gives the layer with the tokens shortened before k and v are made of them, which is the same function.

        It is not where k or v have a bias, which E and F would shorten too: then k and v are shortened themselves.
        """
        from torch import nn

        attend: Any = self.build(case, generator)
        if layer.k.bias is not None or layer.v.bias is not None:
            layer.attend = attend
            return cast("torch.nn.Module", layer)

        class Shortened(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.q, self.k, self.v, self.o, self.attend = layer.q, layer.k, layer.v, layer.o, attend

            def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
                there = x if mask is None else x.masked_fill(~mask[..., None], 0.0)
                keys = layer.heads(self.k(_shorten(attend.keys, there)))
                values = layer.heads(self.v(_shorten(attend.values, there)))
                y: torch.Tensor = layer.join(_attend(layer.heads(self.q(x)), keys, values))
                return y

        return Shortened()


def _attend(q: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """``softmax(q keysᵀ / √c) values``."""
    weights = q @ (keys / math.sqrt(q.shape[-1])).mT
    weights = weights.softmax(dim=-1)  # rebound: the scores are let go of
    return weights @ values


def _shorten(projection: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """``[r, n] · [..., n, c]`` -> ``[..., r, c]``."""
    # expanded: a matrix that needs a gradient would be multiplied with a copy of all of x
    return projection[:, : x.shape[-2]].expand(*x.shape[:-2], -1, -1) @ x


OPERATOR = LinformerTrained()
