"""xFormers: exact attention by CUDA kernels."""

from __future__ import annotations

from bench.operators.providers._refused import refused

__all__ = ["PROVIDER"]

PROVIDER = refused(
    "xformers",
    "xformers attends on CUDA only and has not been tried; sdpa_efficient has its kernel as torch brings it",
    operators=("sdpa", "gqa", "mqa"),
    scopes=("core",),
    causal=True,
    gqa=True,
)
