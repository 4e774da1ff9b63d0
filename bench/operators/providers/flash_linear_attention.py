"""flash-linear-attention: kernel attention in Triton."""

from __future__ import annotations

from bench.operators.providers._refused import refused

__all__ = ["PROVIDER"]

PROVIDER = refused(
    "flash-linear-attention",
    "flash-linear-attention needs Triton and a GPU and has not been tried",
    operators=("linear_elu",),
    scopes=("core",),
    causal=True,
)
