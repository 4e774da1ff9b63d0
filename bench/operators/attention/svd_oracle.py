"""The best approximation of rank r that there is, by forming the whole matrix first: a bound, never a method."""

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


class SvdOracle(Attention):
    """``(U_r S_r) (V_rᵀ v)`` of ``A = softmax(q kᵀ / √c)``.

    Source: Eckart and Young 1936; Wang et al., arXiv 2006.04768, equation 6. Shows that factorising A saves nothing:
    A must be formed, and decomposed, first. No phase `train`: the gradient of a truncated SVD is not to be relied on.
    No causal form: the truncated SVD of a causal A has weight on the future. Queries that are not there have no part
    in it, and give 0.
    """

    label = "SVD oracle"
    phases = frozenset({"forward"})
    rank_kind = "svd_of_A"
    timed_up_to = 512
    mask = exact_at_full_rank = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and (case.rank or 0) > case.seq_len:
            reason = f"{case.operator} has at most {case.seq_len} singular values and rank is {case.rank}"
        return reason

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len else None

    def core_cost(self, case: Case) -> Cost:
        """Scores 2·n²·c; Vᵀ v and U S times it 2·n·r·c each; the SVD, O(n³), is no matrix product and not counted.

        Worst moment: A, its copy for LAPACK, U, Vᵀ and Vᵀ's copy.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        scores, wide = e * b * h * n * n, max(e, 4) * b * h * n * n
        return Cost(
            forward_flops=b * h * (2 * n * n * c + 4 * n * r * c),
            backward_flops=0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * scores + 4 * wide,
            forward_peak_bytes=5 * wide,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 the SVD is taken in float32."""
        import torch

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            scores = (q / math.sqrt(q.shape[-1])) @ k.mT
            if mask is not None:
                scores = scores.masked_fill(~mask[:, None, None, :], torch.finfo(q.dtype).min)
            matrix = scores.softmax(dim=-1)
            if mask is not None:  # columns too: the rows of a sample without keys are not 0 yet
                matrix = matrix.masked_fill(~mask[:, None, None, :], 0.0)
                matrix = of_present_queries(matrix, mask)
            wide = torch.promote_types(q.dtype, torch.float32)
            u, s, vh = torch.linalg.svd(matrix.to(wide), full_matrices=False)
            r = case.rank or 0
            left: torch.Tensor = u[..., :r] * s[..., None, :r]
            right: torch.Tensor = vh[..., :r, :]
            return of_present_queries(left.to(v.dtype) @ (right.to(v.dtype) @ v), mask)

        return attend


OPERATOR = SvdOracle()
