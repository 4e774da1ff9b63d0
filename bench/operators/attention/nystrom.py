"""Nyströmformer: attention through r landmarks and an iterated inverse of their r × r matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min
from bench.operators.attention._segments import segment_counts, segment_means, too_few_tokens

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR", "Nystrom"]

_ITERATIONS = 6


class Nystrom(Attention):
    """``F1 (Z (F3 v))``: F1 = softmax(q k̃ᵀ/√c), F3 = softmax(q̃ kᵀ/√c), Z ~ the inverse of F2 = softmax(q̃ k̃ᵀ/√c).

    q̃ and k̃ are means of segments; under a key mask, of valid tokens, and a segment without any is out.
    Source: Xiong et al., arXiv 2102.03902, equations 14 and 15, without its convolution. Six iterations are a
    spectral cut-off rather than an inverse: a small direction grows 3.25-fold a step. They start from
    ``F2ᵀ / (‖F2‖_1 ‖F2‖_inf)`` with the norms of that one matrix, so that no sample depends on its batch mates.
    """

    label = "Nyström"
    rank_kind = "landmarks"
    mask = True

    def unsupported(self, case: Case) -> str | None:
        return super().unsupported(case) or too_few_tokens(case)

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len else None

    def core_cost(self, case: Case) -> Cost:
        """F1, F3, F3 v and F1 times the rest 2·n·r·c each; F2 and Z (F3 v) 2·r²·c each; four products an iteration.

        Together 8·n·r·c + 4·r²·c + 48·r³; backward twice that. Kept beside q, k, v: F1, F3, F2, Z, q̃ and k̃ with
        their scale, F3 v and Z (F3 v), and of the inverse what `inverse_cost` says. Worst moment forward: the softmax
        of F3, the inverse, or the output; backward: the inverse beside F1, F3 and their gradients, or at the end the
        gradients of q, k and v.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        flops = b * h * (8 * n * r * c + 4 * r * r * c)
        scores, square = e * b * h * n * r, e * b * h * r * r
        output, pooled = e * b * h * n * c, e * b * h * r * c
        inverse = self.inverse_cost(case)
        held = 2 * scores + 2 * pooled + square
        before_inverse = 4 * scores + 2 * output + 2 * square
        return Cost(
            forward_flops=flops + inverse.forward_flops,
            backward_flops=2 * flops + inverse.backward_flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * (2 * scores + square),
            saved_bytes=3 * output + 2 * scores + 2 * square + 4 * pooled + inverse.saved_bytes,
            forward_peak_bytes=held + max(scores, inverse.forward_peak_bytes, output + pooled),
            train_peak_bytes=2 * pooled + max(before_inverse + inverse.train_peak_bytes, 6 * output),
        )

    def inverse_cost(self, case: Case) -> Cost:
        """Gives the cost of Z from F2: 8·r³ an iteration, in float32 at least.

        Kept: Z, X and two polynomials in X of each iteration, and the sums from which the norms are taken.
        """
        r, heads, wide = case.rank or 0, case.batch_size * (case.num_heads or 0), max(case.element_bytes, 4)
        flops, square = 8 * _ITERATIONS * heads * r**3, wide * heads * r * r
        copy = 0 if wide == case.element_bytes else square
        kept = 4 * _ITERATIONS * square + copy + wide * heads * (2 * r + 4)
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            saved_bytes=kept,
            forward_peak_bytes=5 * square + copy,
            train_peak_bytes=kept + 3 * square,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 the inverse is taken in float32."""
        import torch

        r, inverse = case.rank or 0, self.inverse

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            lowest, wide = torch.finfo(q.dtype).min, torch.promote_types(q.dtype, torch.float32)
            scale = 1 / math.sqrt(q.shape[-1])
            queries, keys = segment_means(q, r, mask) * scale, segment_means(k, r, mask) * scale
            if mask is None:
                first = (q @ keys.mT).softmax(dim=-1)
                middle = (queries @ keys.mT / scale).softmax(dim=-1)
                last = (queries @ k.mT).softmax(dim=-1)
            else:
                empty = torch.eq(segment_counts(k.shape[-2], r, mask, q.device), 0)
                first = (q @ keys.mT).masked_fill(empty, lowest).softmax(dim=-1)
                middle = (queries @ keys.mT / scale).masked_fill(empty, lowest).softmax(dim=-1)
                middle = middle.masked_fill(empty | empty.mT, 0.0)
                last = (queries @ k.mT).masked_fill(~mask[:, None, None, :], lowest).softmax(dim=-1)
            return first @ (inverse(middle.to(wide)).to(v.dtype) @ (last @ v))

        return attend

    def inverse(self, matrix: torch.Tensor) -> torch.Tensor:
        """Gives Z of ``[b, h, r, r]``: six steps of ``Z <- Z (13 I - X (15 I - X (7 I - X))) / 4`` with X = F2 Z."""
        import torch

        shape, matrix = matrix.shape, matrix.flatten(0, 1)
        norms = matrix.sum(dim=-2).amax(dim=-1) * matrix.sum(dim=-1).amax(dim=-1)  # no entry is negative
        z = matrix.mT / norms.clamp(min=torch.finfo(matrix.dtype).tiny)[:, None, None]
        for _ in range(_ITERATIONS):
            x = matrix @ z
            inner = torch.baddbmm(x, x, x, beta=7, alpha=-1)
            outer = torch.baddbmm(x, x, inner, beta=15, alpha=-1)
            z = torch.baddbmm(z, z, outer, beta=13 / 4, alpha=-1 / 4)
        return torch.unflatten(z, 0, shape[:2])


OPERATOR = Nystrom()
