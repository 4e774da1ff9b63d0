"""torch's scaled_dot_product_attention with its memory-efficient kernel and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators.attention._pinned import cuda_only, pinned
from bench.operators.attention.sdpa import Sdpa

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class SdpaEfficient(Sdpa):
    """`sdpa` with the backend EFFICIENT_ATTENTION, which exists on CUDA only; the closed forms are `sdpa`'s.

    It takes float32 too, and masks, but not fewer key heads than query heads.
    Source: Rabe and Staats, arXiv 2112.05682; torch 2.13, aten/src/ATen/native/transformers/cuda/sdp_utils.cpp.
    """

    label = "full (SDPA efficient)"
    gqa = False

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case) or cuda_only(case)
        if reason is None and case.dtype == "float64":
            reason = f"{case.operator} takes float32, float16 or bfloat16 and dtype is float64"
        return reason

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; on the CPU, where accuracy is taken, the formula."""
        return pinned(super().build(case, generator), "EFFICIENT_ATTENTION" if case.device == "cuda" else "MATH")


OPERATOR = SdpaEfficient()
