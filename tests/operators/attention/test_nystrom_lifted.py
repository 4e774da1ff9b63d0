"""What is particular to lifted Nyström: where it is exact, and which tokens are its landmarks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench import operators
from bench.case import Case
from bench.measure import reference


def test_it_is_exact_with_every_query_and_key_a_landmark_and_no_ridge(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv(scale=2.0)

    output = attend("nystrom_lifted", 48, options=(("ridge", 0.0),))(q, k, v)

    points = torch.cat([q, k], dim=-2) * 8**-0.25
    condition = float(torch.linalg.cond(torch.exp(-(torch.cdist(points, points) ** 2) / 2)).max())
    assert torch.allclose(output, reference.attention(q, k, v), rtol=0, atol=1e-14 * condition)


def test_landmarks_are_evenly_spaced_among_the_valid_tokens(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """Every other token is there: the same as those tokens alone, for the queries that are among them."""
    q, k, v = qkv()
    mask = torch.arange(24)[None] % 2 == 1

    masked = attend("nystrom_lifted", 7, mask="padding")(q, k, v, mask)

    alone = attend("nystrom_lifted", 7, 12)(*(x[..., 1::2, :] for x in (q, k, v)))
    assert torch.allclose(masked[..., 1::2, :], alone, rtol=0, atol=1e-12)


def test_long_keys_do_not_overflow(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """|k'|²/2 is about 30² · 8 / (2 · √8) = 1270: ``exp(|k'|²/2)`` by itself would overflow, also in float64."""
    q, k, v = qkv()

    assert torch.isfinite(attend("nystrom_lifted", 8)(q, 30 * k, v)).all()


def test_more_landmarks_than_queries_and_keys_and_a_negative_ridge_are_refused() -> None:
    operator = operators.load("nystrom_lifted")
    case = Case(operator="nystrom_lifted", seq_len=32, num_heads=1, head_dim=8, hidden_size=8, rank=64)

    assert operator.unsupported(case) is None
    assert "64 queries and keys" in (operator.unsupported(case.replace(rank=65)) or "")
    assert "ridge" in (operator.unsupported(case.replace(options=(("ridge", -0.1),))) or "")
