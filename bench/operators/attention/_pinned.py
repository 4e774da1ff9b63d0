"""One backend of torch's scaled_dot_product_attention, and no other: where it cannot run, the call raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators.attention.sdpa import LARGEST_HEAD

if TYPE_CHECKING:
    import torch

__all__ = ["cuda_only", "half_precision_only", "pinned", "with_values_of_any_width"]


def pinned(attend: Callable[..., Any], backend: str) -> Callable[..., Any]:
    """Gives `attend` with `backend`, a name of ``torch.nn.attention.SDPBackend``, chosen anew in each call."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    chosen = getattr(SDPBackend, backend)

    def call(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        with sdpa_kernel(chosen):
            output: torch.Tensor = attend(q, k, v, mask)
        return output

    return call


def with_values_of_any_width(attend: Callable[..., Any]) -> Callable[..., Any]:
    """Gives `attend`, whose kernel takes v of the width of q only, for any v: in pieces, the last one padded."""
    import torch
    import torch.nn.functional as F

    def call(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        width, values = q.shape[-1], v.shape[-1]
        if values == width:
            output: torch.Tensor = attend(q, k, v, mask)
            return output
        pieces = torch.split(F.pad(v, (0, -values % width)), width, dim=-1)
        return torch.cat([attend(q, k, piece, mask) for piece in pieces], dim=-1)[..., :values]

    return call


def cuda_only(case: Case) -> str | None:
    """Gives why a kernel that exists on CUDA only cannot run a case, or nothing."""
    return None if case.device == "cuda" else f"{case.operator} exists on CUDA only and device is {case.device}"


def half_precision_only(case: Case) -> str | None:
    """Gives why CUDA's flash or cuDNN kernel cannot take the numbers of a case, or nothing.

    Source: torch 2.13, aten/src/ATen/native/transformers/cuda/sdp_utils.cpp.
    """
    if case.device != "cuda":
        return None
    if case.dtype not in ("float16", "bfloat16"):
        return f"{case.operator} on CUDA takes float16 or bfloat16 and dtype is {case.dtype}"
    if (case.head_dim or 0) > LARGEST_HEAD:
        return f"{case.operator} on CUDA takes heads up to {LARGEST_HEAD} and head_dim is {case.head_dim}"
    return None
