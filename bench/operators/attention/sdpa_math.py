"""torch's scaled_dot_product_attention as a composition of its own operators: the formula, unfused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators.attention._pinned import pinned
from bench.operators.attention.sdpa import Sdpa, formula_cost

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
        """See `formula_cost`."""
        return formula_cost(case)

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        return pinned(super().build(case, generator), "MATH")


OPERATOR = SdpaMath()
