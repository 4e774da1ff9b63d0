"""Packages that cannot be measured say so in every case."""

from __future__ import annotations

import pytest

from bench import operators
from bench.case import Case

SHAPE = {"seq_len": 64, "num_heads": 2, "head_dim": 16, "hidden_size": 32}


@pytest.mark.parametrize(
    ("operator", "provider", "reason"),
    [
        (
            "sdpa",
            "flash_attn",
            "flash-attn runs on CUDA only and has not been tried; sdpa_flash has FlashAttention as torch brings it",
        ),
        (
            "linear_elu",
            "fast_transformers",
            "pytorch-fast-transformers 0.4.0 is built from source, asks for CUDA_HOME and has not been tried",
        ),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_case_of_a_refused_package_is_unsupported_with_the_reason(
    operator: str, provider: str, reason: str, device: str
) -> None:
    case = Case(operator=operator, provider=provider, device=device, **SHAPE)

    assert operators.of(case).unsupported(case) == reason
