"""Softmax attention as the formula is written: the n × n scores and probabilities stand in memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min, cached_bytes, hides_the_future

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class FullNaive(Attention):
    """``softmax(q kᵀ / √c) v``, in three calls.

    Source: Vaswani et al., arXiv 1706.03762, equation 1. The scale is applied to q, so that half-precision scores
    do not overflow; a row whose keys are all masked gives 0; causal rows are aligned at the bottom right.
    """

    label = "full (naive)"
    phases = frozenset({"forward", "train", "decode"})
    causal = mask = gqa = exact = rows_sum_to_one = nonnegative = True

    def core_cost(self, case: Case) -> Cost:
        """Scores and their product with v: 2·b·h·n²·c each; backward twice that.

        Kept: q/√c, k, v and the probabilities. Worst moment forward: scores and probabilities, or where n is small
        probabilities and output; a mask has its booleans (n × n if causal, else n) beside them, and at the end which
        rows are empty and the output before these were filled. Backward: probabilities, their gradient and that of
        the scores, beside q/√c, the output and the gradient of v.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        queries, causal = case.query_len, hides_the_future(case)
        flops = 4 * b * h * queries * n * c
        scores, output = e * b * h * queries * n, e * b * h * queries * c
        kv = e * b * case.kv_heads * n * c
        masked = causal or case.mask != "none"
        empty = masked * (b if case.mask != "none" else 1) * (n if causal else 1)
        hidden = empty * n
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            ideal_share=(n + 1) / (2 * n) if causal else 1.0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + (8 if masked else 4) * scores,
            saved_bytes=output + 2 * kv + scores + hidden + empty,
            forward_peak_bytes=hidden + scores + max(scores, output + masked * (output + empty)),
            train_peak_bytes=3 * scores + 2 * output + kv + hidden,
            kv_cache_bytes=cached_bytes(case, 2 * c),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        import torch

        def hidden_pairs(q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor | None:
            padded = None if mask is None else ~mask[:, None, None, :]
            if not case.causal:
                return padded
            n_q, n_k = q.shape[-2], k.shape[-2]
            future = torch.ones(n_q, n_k, dtype=torch.bool, device=q.device).triu_(1 + n_k - n_q)
            return future if padded is None else future | padded

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            b, h, n, c = q.shape
            g = k.shape[1]
            hidden = hidden_pairs(q, k, mask)
            # the h/g query heads of a key head one below the other: k and v are not repeated
            weights = ((q / math.sqrt(c)).reshape(b, g, -1, c) @ k.mT).view(b, h, n, -1)
            if hidden is not None:  # finite, since a row of nothing but -inf would be NaN
                weights = weights.masked_fill(hidden, torch.finfo(q.dtype).min)
            weights = weights.softmax(dim=-1)  # rebound: the scores are let go of
            output = (weights.view(b, g, -1, k.shape[-2]) @ v).view(b, h, n, -1)
            return output if hidden is None else output.masked_fill(hidden.all(dim=-1, keepdim=True), 0.0)

        return attend


OPERATOR = FullNaive()
