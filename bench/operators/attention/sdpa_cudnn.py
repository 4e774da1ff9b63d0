"""torch's scaled_dot_product_attention with cuDNN's kernel and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators.attention._pinned import cuda_only, half_precision_only, pinned
from bench.operators.attention.sdpa import Sdpa

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class SdpaCudnn(Sdpa):
    """`sdpa` with the backend CUDNN_ATTENTION, which exists on CUDA only; the closed forms are `sdpa`'s.

    It takes half precision only, and refuses under deterministic algorithms.
    Source: torch 2.13, aten/src/ATen/native/transformers/cuda/sdp_utils.cpp.
    """

    label = "full (SDPA cuDNN)"

    def unsupported(self, case: Case) -> str | None:
        return super().unsupported(case) or cuda_only(case) or half_precision_only(case)

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; on the CPU, where accuracy is taken, the formula."""
        return pinned(super().build(case, generator), "CUDNN_ATTENTION" if case.device == "cuda" else "MATH")


OPERATOR = SdpaCudnn()
