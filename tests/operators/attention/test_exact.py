"""What is particular to the exact attentions: alignment, rows without keys, half precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench.measure import reference

EXACT = ("full_naive", "sdpa", "sdpa_math", "sdpa_flash", "chunked")
ROUNDING = 1e-13  # float64, sums of some dozens of terms of order one


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("queries", [1, 5, 24])
def test_causal_rows_are_aligned_at_the_bottom_right(
    name: str, queries: int, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv()
    whole = reference.attention(q, k, v, causal=True)

    output = attend(name, causal=True)(q[..., -queries:, :], k, v)

    assert torch.allclose(output, whole[..., -queries:, :], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", EXACT)
def test_causal_and_mask_hold_together(name: str, attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    mask = torch.arange(24)[None] % 3 > 0  # the first query sees no key

    output = attend(name, causal=True, mask="padding")(q, k, v, mask)

    assert torch.allclose(output, reference.attention(q, k, v, causal=True, mask=mask), rtol=0, atol=ROUNDING)
    assert torch.equal(output[..., 0, :], torch.zeros(1, 2, 8, dtype=torch.float64))


@pytest.mark.parametrize("name", EXACT)
def test_values_may_be_wider_than_keys(name: str, attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, _ = qkv()
    identity = torch.eye(24, dtype=torch.float64).expand(1, 2, 24, 24)

    assert torch.allclose(attend(name)(q, k, identity), reference.attention_matrix(q, k), rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", ["full_naive", "chunked"])
def test_half_precision_scores_do_not_overflow(name: str, attend: Callable[..., Any]) -> None:
    """q·k = 8·128² is beyond float16's 65504; divided by √8 first it is not."""
    q = torch.full((1, 2, 24, 8), 128.0, dtype=torch.float16)

    assert torch.isfinite(attend(name)(q, q, q)).all()
