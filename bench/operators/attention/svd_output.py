"""The best approximation of rank r of the output itself: where the bound of A says nothing about the output."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min
from bench.operators._queries import of_present_queries

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class SvdOutput(Attention):
    """``U_r S_r V_rᵀ`` of ``A v``, with ``A = softmax(q kᵀ / √c)``: an oracle, exact once r reaches the width of v.

    No output of rank r has a smaller error; `svd_oracle`'s, from the best A, is not the best. It is not linear in v,
    so there is no matrix to speak of. No phase `train`: the gradient of a truncated SVD is not to be relied on. No
    causal form: each row of the SVD depends on all. Queries that are not there have no part in it, and give 0.
    Source: Eckart and Young 1936; Wang et al., arXiv 2006.04768, equation 6, for the output.
    """

    label = "SVD oracle (output)"
    phases = frozenset({"forward"})
    rank_kind = "svd_of_AV"
    timed_up_to = 512
    mask = exact_at_full_rank = True
    linear_in_v = False

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and (case.rank or 0) > case.seq_len:
            reason = f"{case.operator} has at most {case.seq_len} singular values and rank is {case.rank}"
        return reason

    def core_cost(self, case: Case) -> Cost:
        """Scores and A v 2·n²·c each; U S times Vᵀ 2·n·r·c, with r up to c; the SVD, O(n·c²), is not counted.

        Worst moment: scores and A; or where n is small A v, its copy for LAPACK, U and the output.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = min(case.rank or 0, n, c)
        scores, output, wide = e * b * h * n * n, e * b * h * n * c, max(e, 4) * b * h * n * c
        return Cost(
            forward_flops=b * h * (4 * n * n * c + 2 * n * r * c),
            backward_flops=0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * scores + 4 * wide,
            forward_peak_bytes=output + max(2 * scores, 3 * wide),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 the SVD is taken in float32."""
        import torch

        r = case.rank or 0

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            weights = (q / math.sqrt(q.shape[-1])) @ k.mT
            if mask is not None:
                hidden = ~mask[:, None, None, :]
                weights = weights.masked_fill(hidden, torch.finfo(q.dtype).min)
                v = v.masked_fill(hidden.mT, 0.0)  # a sample without keys gives 0
            weights = weights.softmax(dim=-1)  # rebound: the scores are let go of
            output = of_present_queries(weights @ v, mask)
            del weights
            wide = torch.promote_types(q.dtype, torch.float32)
            u, s, vh = torch.linalg.svd(output.to(wide), full_matrices=False)
            best: torch.Tensor = (u[..., :r] * s[..., None, :r]) @ vh[..., :r, :]
            return of_present_queries(best.to(v.dtype), mask)

        return attend


OPERATOR = SvdOutput()
