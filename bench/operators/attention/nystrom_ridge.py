"""Nyström attention with a ridge-regularised inverse: between the exact inverse and the iterated one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Option
from bench.operators.attention.nystrom import Nystrom

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]

_RIDGE = 0.01


class NystromRidge(Nystrom):
    """`nystrom` with ``Z = (F2ᵀ F2 + λ I)⁻¹ F2ᵀ``, λ being the option `ridge`: the Tikhonov inverse.

    A direction of singular value σ is inverted to ``σ / (σ² + λ)``: as by the exact inverse well above ``√λ``, and
    damped below it, so that no small direction can blow up.
    Source: Xiong et al., arXiv 2102.03902, equation 13, with the pseudo-inverse regularised.
    """

    label = "Nyström (ridge)"
    options: Mapping[str, Option] = {
        "ridge": Option(_RIDGE, "λ, above 0, that is added to the eigenvalues of F2ᵀ F2.", least=0)
    }

    def __init__(self, ridge: float = _RIDGE) -> None:
        self._ridge = ridge

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.option("ridge", _RIDGE) <= 0:
            reason = f"{case.operator} divides by the ridge where F2 is singular and ridge is not above 0"
        return reason

    def inverse_cost(self, case: Case) -> Cost:
        """Gives the cost of Z: F2ᵀ F2 2·r³; a Cholesky factor and its solve, which the counter has no formula for.

        Backward 10·r³: two products for F2ᵀ F2, three around the factor's triangles. Kept: the factor, and below
        float32 F2 and Z in float32.
        """
        r, heads, wide = case.rank or 0, case.batch_size * (case.num_heads or 0), max(case.element_bytes, 4)
        square = wide * heads * r * r
        copies = 0 if wide == case.element_bytes else 2 * square
        return Cost(
            forward_flops=2 * heads * r**3,
            backward_flops=10 * heads * r**3,
            saved_bytes=square + copies,
            forward_peak_bytes=3 * square + copies,
            train_peak_bytes=4 * square + copies,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o`` with the case's λ."""
        return Nystrom.build(NystromRidge(case.option("ridge", _RIDGE)), case, generator)

    def inverse(self, matrix: torch.Tensor) -> torch.Tensor:
        """Gives the regularised inverse of ``[b, h, r, r]``, by a Cholesky factor."""
        import torch

        gram = matrix.mT @ matrix
        gram.diagonal(dim1=-2, dim2=-1).add_(self._ridge)
        return torch.cholesky_solve(matrix.mT, torch.linalg.cholesky(gram))


OPERATOR = NystromRidge()
