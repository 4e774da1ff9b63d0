"""Linformer with means of segments as its projections: keys and values are shortened to r."""

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

__all__ = ["OPERATOR", "Linformer"]


class Linformer(Attention):
    """``softmax(q (E k)ᵀ / √c) (E v)`` with E the means of r segments of the tokens.

    Source: Wang et al., arXiv 2006.04768, equation 7, and "general projections" of section 4: pooling has no weights
    to train, so its error means something. To the score of a segment the log of its size is added, so that constant
    keys give uniform rows also where sizes differ; under a key mask a segment's size is its valid tokens, and an
    empty one is out. It mixes tokens across positions: there is no causal form.
    """

    label = "Linformer (mean)"
    rank_kind = "projected_len"
    mask = exact_at_full_rank = rows_sum_to_one = nonnegative = True

    def unsupported(self, case: Case) -> str | None:
        return super().unsupported(case) or too_few_tokens(case)

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len else None

    def core_cost(self, case: Case) -> Cost:
        """Scores and their product with the pooled values: 2·n·r·c each; backward twice that; pooling has no product.

        Kept: q, the probabilities n·r, pooled keys and values r·c each (k and v themselves are not).
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        flops = 4 * b * h * n * r * c
        scores, output, pooled = e * b * h * n * r, e * b * h * n * c, 2 * e * b * h * r * c
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * scores + 2 * pooled,
            saved_bytes=output + pooled + scores,
            forward_peak_bytes=pooled + scores + max(scores, output),
            train_peak_bytes=max(3 * scores + output + pooled, 5 * output),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        import torch

        r = case.rank or 0

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            keys = segment_means(k, r, mask) / math.sqrt(q.shape[-1])
            values = segment_means(v, r, mask)
            weights = q @ keys.mT
            if mask is not None or k.shape[-2] % r:  # else all segments are of one size
                counts = segment_counts(k.shape[-2], r, mask, k.device)
                # finite for an empty segment: its weight is 0, or its values are where no segment has any
                weights = weights + counts.to(q.dtype).log().clamp(min=torch.finfo(q.dtype).min)
            weights = weights.softmax(dim=-1)  # rebound: the scores are let go of
            return weights @ values

        return attend


OPERATOR = Linformer()
