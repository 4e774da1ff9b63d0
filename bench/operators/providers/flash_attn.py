"""FlashAttention's own package: exact attention by CUDA kernels."""

from __future__ import annotations

from bench.operators.providers._refused import refused

__all__ = ["PROVIDER"]

PROVIDER = refused(
    "flash-attn",
    "flash-attn runs on CUDA only and has not been tried; sdpa_flash has FlashAttention as torch brings it",
    operators=("sdpa", "gqa", "mqa"),
    scopes=("core",),
    causal=True,
    gqa=True,
)
