"""Nyström attention with the exact pseudo-inverse: what the iterated one is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators.attention.nystrom import Nystrom

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class NystromPinv(Nystrom):
    """`nystrom` with ``Z = F2⁺`` by an SVD. Exact at r = n; often worse than six iterations below that.

    Source: Xiong et al., arXiv 2102.03902, equation 13.
    """

    label = "Nyström (pinv)"
    exact_at_full_rank = rows_sum_to_one = True

    def inverse_cost(self, case: Case) -> Cost:
        """Gives the cost of the pseudo-inverse: an SVD, which is no matrix product; eight r × r products backward."""
        r, heads, wide = case.rank or 0, case.batch_size * (case.num_heads or 0), max(case.element_bytes, 4)
        square = wide * heads * r * r
        copies = 0 if wide == case.element_bytes else 2 * square
        return Cost(
            forward_flops=0,
            backward_flops=16 * heads * r**3,
            saved_bytes=copies,
            forward_peak_bytes=4 * square + copies,
            train_peak_bytes=14 * square + copies,
        )

    def inverse(self, matrix: torch.Tensor) -> torch.Tensor:
        """Gives the pseudo-inverse of ``[b, h, r, r]``."""
        import torch

        inverse: torch.Tensor = torch.linalg.pinv(matrix)
        return inverse


OPERATOR = NystromPinv()
