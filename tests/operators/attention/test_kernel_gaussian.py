"""What is particular to the Gaussian kernel: it is written out here pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def test_it_is_the_kernel_of_scaled_queries_and_keys(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    distances = torch.cdist(q * 8**-0.25, k * 8**-0.25, compute_mode="donot_use_mm_for_euclid_dist")

    output = attend("kernel_gaussian")(q, k, v)

    assert torch.allclose(output, torch.exp(-distances.square() / 2) @ v, rtol=0, atol=1e-13)


def test_long_queries_and_keys_neither_overflow_nor_cancel(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """|k'|²/2 is about 1270: a query that is its own key has weight 1 but for the rounding of that, 1270 · 2^-52."""
    q, _, _ = qkv(scale=30.0)
    identity = torch.eye(24, dtype=torch.float64).expand(1, 2, 24, 24)

    matrix = attend("kernel_gaussian")(q, q, identity)

    assert torch.allclose(matrix, identity, rtol=0, atol=1e-11)
