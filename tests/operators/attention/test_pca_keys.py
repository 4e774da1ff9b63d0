"""What is particular to scores in the leading directions of the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench import operators
from bench.case import Case
from bench.measure import reference


def test_it_is_exact_with_every_direction(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()

    assert torch.allclose(attend("pca_keys", 8)(q, k, v), reference.attention(q, k, v), rtol=0, atol=1e-13)


def test_it_is_exact_where_keys_vary_in_as_few_directions(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """Three directions and a mean outside of them, which adds the same to all scores of a query."""
    q, k, v = qkv()
    k[..., 3:] = 2.0

    assert torch.allclose(attend("pca_keys", 3)(q, k, v), reference.attention(q, k, v), rtol=0, atol=1e-12)


def test_padded_keys_have_no_part_in_the_directions(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    mask = torch.arange(24)[None] < 17
    k[..., 17:, :] *= 100

    masked = attend("pca_keys", 3, mask="padding")(q, k, v, mask)

    alone = attend("pca_keys", 3)(q, k[..., :17, :], v[..., :17, :])
    assert torch.allclose(masked, alone, rtol=0, atol=1e-12)


def test_more_directions_than_the_keys_have_are_refused() -> None:
    case = Case(operator="pca_keys", seq_len=32, num_heads=1, head_dim=8, hidden_size=8, rank=16)

    reason = operators.load("pca_keys").unsupported(case)

    assert reason == "pca_keys has at most 8 key dimensions and rank is 16"
