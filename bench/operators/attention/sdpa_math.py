"""torch's scaled_dot_product_attention as a composition of its own operators: the formula, unfused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._layer import attention_bytes_min, cached_bytes, hides_the_future
from bench.operators.attention._pinned import pinned
from bench.operators.attention.sdpa import Sdpa

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class SdpaMath(Sdpa):
    """`sdpa` with the backend MATH: scores and probabilities stand in memory, as in `full_naive`.

    q and k are each multiplied by the root of the scale. Below float32 all of it is done in float32, and key heads
    that are fewer than query heads are repeated. Source: Vaswani et al., arXiv 1706.03762, equation 1; torch 2.13,
    aten/src/ATen/native/transformers/attention.cpp.
    """

    label = "full (SDPA math)"
    keeps_output = False

    def core_cost(self, case: Case) -> Cost:
        """Scores and their product with v: 2·b·h·n²·c each; backward twice that.

        Kept, for all query heads and in float32 at least: q and k with their scale, v and the probabilities. Worst
        moment forward: scaled q and k, scores and probabilities; backward: the probabilities, their gradient and that
        of the scores, beside scaled q and k and the output.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        queries, wide = case.query_len, max(e, 4)
        flops = 4 * b * h * queries * n * c
        scores, output, keys = (wide * b * h * size for size in (queries * n, queries * c, n * c))
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            ideal_share=(n + 1) / (2 * n) if hides_the_future(case) else 1.0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * scores + 2 * output + 2 * keys,
            saved_bytes=output + 2 * keys + scores,
            forward_peak_bytes=output + keys + scores + max(scores, output),
            train_peak_bytes=3 * scores + 3 * output,
            kv_cache_bytes=cached_bytes(case, 2 * c),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        return pinned(super().build(case, generator), "MATH")


OPERATOR = SdpaMath()
