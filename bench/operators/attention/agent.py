"""Agent attention: a few pooled queries collect from the keys and hand on to the queries; no inverse between."""

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

__all__ = ["OPERATOR"]


class Agent(Attention):
    """``softmax(q ãᵀ/√c) (softmax(ã kᵀ/√c) v)`` with the agents ã the means of r segments of the queries.

    It is `nystrom` without the inverse in the middle, and shows what that is worth: rows sum to one, no entry is
    negative, and it is never exact, not even at r = n. Under a key mask means are over valid tokens, and a segment
    without any is out. It mixes tokens across positions: there is no causal form.
    Source: Han et al., arXiv 2312.08874, equations 4 and 5, without its biases and convolution.
    """

    label = "agent"
    rank_kind = "pooled_queries"
    mask = rows_sum_to_one = nonnegative = True

    def unsupported(self, case: Case) -> str | None:
        return super().unsupported(case) or too_few_tokens(case)

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len else None

    def core_cost(self, case: Case) -> Cost:
        """Both scores, the collecting and the handing on 2·n·r·c each; backward twice that; pooling has no product.

        Kept: q, k, v, both probabilities n·r, the agents and what they collect r·c each; under a mask also its
        booleans by tokens and by segments, and the segments' counts.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        flops = 8 * b * h * n * r * c
        scores, output, pooled = e * b * h * n * r, e * b * h * n * c, e * b * h * r * c
        masked = case.mask != "none"
        hidden = masked * output
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 8 * scores + 4 * pooled,
            saved_bytes=3 * output + 2 * scores + 2 * pooled + masked * b * (2 * n + 9 * r),
            forward_peak_bytes=hidden + 2 * pooled + scores + max(scores, output),
            train_peak_bytes=hidden + max(4 * scores + output + 3 * pooled, 5 * output),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        import torch

        r = case.rank or 0

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            agents = segment_means(q, r, mask) / math.sqrt(q.shape[-1])
            if mask is None:
                collected = (agents @ k.mT).softmax(dim=-1) @ v
                return (q @ agents.mT).softmax(dim=-1) @ collected
            lowest, hidden = torch.finfo(q.dtype).min, ~mask[:, None, None, :]
            empty = torch.eq(segment_counts(k.shape[-2], r, mask, q.device), 0)
            weights = (agents @ k.mT).masked_fill(hidden, lowest).softmax(dim=-1)
            collected = weights @ v.masked_fill(hidden.mT, 0.0)  # a sample without keys gives 0
            return (q @ agents.mT).masked_fill(empty, lowest).softmax(dim=-1) @ collected

        return attend


OPERATOR = Agent()
