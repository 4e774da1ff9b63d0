"""Linformer with the values' projection fitted to each input: how good its keys' projection could be at best."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._layer import attention_bytes_min
from bench.operators._queries import of_present_queries
from bench.operators.attention._segments import segment_counts, segment_means
from bench.operators.attention.linformer import Linformer

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class LinformerLeastSquares(Linformer):
    """``P F v`` with ``P = softmax(q (E k)ᵀ / √c)`` and ``F = P⁺ A``, which minimises ``‖A - P F‖``.

    An oracle: it needs A itself. Its error lies between Eckart–Young's and `linformer`'s. It is computed as
    ``P (P⁺ (A v))``. Queries that are not there have no part in the fit, and give 0. Source: Wang et al., arXiv
    2006.04768, equation 7, with F free.
    """

    label = "Linformer (least squares)"
    phases = frozenset({"forward"})
    timed_up_to = 512
    nonnegative = False

    def core_cost(self, case: Case) -> Cost:
        """A and A v 2·n²·c each; P, P⁺ times A v and P times that 2·n·r·c each; P⁺ itself is an SVD."""
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        scores, pooled_scores, output = e * b * h * n * n, e * b * h * n * r, e * b * h * n * c
        return Cost(
            forward_flops=b * h * (4 * n * n * c + 6 * n * r * c),
            backward_flops=0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * scores + 8 * pooled_scores,
            forward_peak_bytes=output + max(2 * scores, 4 * pooled_scores),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 the inverse is taken in float32."""
        import torch

        r = case.rank or 0

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            lowest = torch.finfo(q.dtype).min
            q = q / math.sqrt(q.shape[-1])
            weights = q @ k.mT
            if mask is not None:
                hidden = ~mask[:, None, None, :]
                weights = weights.masked_fill(hidden, lowest)
                v = v.masked_fill(hidden.mT, 0.0)  # a sample without keys gives 0
            weights = weights.softmax(dim=-1)
            target = of_present_queries(weights @ v, mask)
            del weights
            pooled = q @ segment_means(k, r, mask).mT
            if mask is not None or k.shape[-2] % r:
                counts = segment_counts(k.shape[-2], r, mask, k.device)
                pooled = pooled + counts.to(q.dtype).log().clamp(min=lowest)
            basis = of_present_queries(pooled.softmax(dim=-1), mask)
            wide = torch.promote_types(q.dtype, torch.float32)
            inverse: torch.Tensor = torch.linalg.pinv(basis.to(wide))
            return basis @ (inverse.to(v.dtype) @ target)

        return attend


OPERATOR = LinformerLeastSquares()
