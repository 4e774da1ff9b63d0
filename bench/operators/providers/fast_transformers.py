"""pytorch-fast-transformers: kernel attention in C++ and CUDA."""

from __future__ import annotations

from bench.operators.providers._refused import refused

__all__ = ["PROVIDER"]

PROVIDER = refused(
    "pytorch-fast-transformers",
    "pytorch-fast-transformers 0.4.0 is built from source, asks for CUDA_HOME and has not been tried",
    operators=("linear_elu",),
    scopes=("core",),
    causal=True,
)
