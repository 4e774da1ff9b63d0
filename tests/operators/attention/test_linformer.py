"""What is particular to Linformer with means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import reference


@pytest.mark.parametrize("n", [24, 29])
def test_constant_keys_give_uniform_rows_whatever_the_sizes(
    n: int, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """The log of a segment's size, added to its score, makes up for its mean standing for more tokens."""
    q, _, _ = qkv(n)
    k = torch.ones(1, 2, n, 8, dtype=torch.float64)

    matrix = reference.operator_matrix(attend("linformer", 8, n), q, k)

    assert torch.allclose(matrix, torch.full_like(matrix, 1 / n), rtol=0, atol=1e-15)


def test_constant_keys_give_uniform_rows_over_the_valid_tokens(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, _, _ = qkv()
    k = torch.ones(1, 2, 24, 8, dtype=torch.float64)
    mask = torch.arange(24)[None] < 14  # the fifth segment of eight holds two of its three, the rest none

    matrix = reference.operator_matrix(attend("linformer", 8, mask="padding"), q, k, mask)

    assert torch.allclose(matrix, (mask / 14.0).double().expand(1, 2, 24, 24), rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["linformer", "linformer_least_squares", "nystrom", "nystrom_pinv"])
def test_more_segments_than_tokens_are_refused(name: str) -> None:
    case = Case(operator=name, seq_len=32, num_heads=1, head_dim=8, hidden_size=8, rank=64)

    assert operators.load(name).unsupported(case) == f"{name} pools to 64 segments and there are 32 tokens"


def test_even_and_uneven_paths_agree_where_both_apply(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """A mask that hides nothing takes the path by counts."""
    q, k, v = qkv()
    operator = attend("linformer", 8)

    everything = torch.ones(1, 24, dtype=torch.bool)

    assert torch.allclose(operator(q, k, v), operator(q, k, v, everything), rtol=0, atol=1e-14)
