"""One backend of torch's scaled_dot_product_attention, and no other: where it cannot run, the call raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators.attention.sdpa import LARGEST_HEAD

if TYPE_CHECKING:
    import torch

__all__ = ["cuda_only", "half_precision_only", "pinned", "with_values_of_any_width"]


_SWITCHES = {
    "FLASH_ATTENTION": "flash",
    "EFFICIENT_ATTENTION": "mem_efficient",
    "MATH": "math",
    "CUDNN_ATTENTION": "cudnn",
}
"""Backend -> what its switch in ``torch.backends.cuda`` is called."""


def pinned(attend: Callable[..., Any], backend: str) -> Callable[..., Any]:
    """Gives `attend` with `backend`, a name of ``torch.nn.attention.SDPBackend``, chosen anew in each call."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    chosen = getattr(SDPBackend, backend)
    enabled = [getattr(torch.backends.cuda, f"{name}_sdp_enabled") for name in _SWITCHES.values()]
    enable = [getattr(torch.backends.cuda, f"enable_{name}_sdp") for name in _SWITCHES.values()]

    def call(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        output: torch.Tensor
        if torch.compiler.is_compiling():
            with sdpa_kernel(chosen):
                output = attend(q, k, v, mask)
            return output
        # what sdpa_kernel does in 8 µs, a third of a short call: these switches take under one
        before = [is_on() for is_on in enabled]
        try:
            for name, switch in zip(_SWITCHES, enable, strict=True):
                switch(name == backend)
            output = attend(q, k, v, mask)
        finally:
            for switch, was_on in zip(enable, before, strict=True):
                switch(was_on)
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
