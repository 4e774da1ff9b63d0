"""What is particular to Skyformer: what it stands for, and where it is that exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench import operators


def test_it_is_its_reference_with_every_query_and_key_a_landmark_and_no_ridge(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv(scale=2.0)

    output = attend("skyformer", 48, options=(("ridge", 0.0),))(q, k, v)

    points = torch.cat([q, k], dim=-2) * 8**-0.25
    condition = float(torch.linalg.cond(torch.exp(-(torch.cdist(points, points) ** 2) / 2)).max())
    expected = attend(operators.load("skyformer").reference)(q, k, v)
    assert torch.allclose(output, expected, rtol=0, atol=1e-14 * condition)


def test_with_weights_and_division_it_is_lifted_nystrom(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """``exp(|k'|²/2)`` a key, then rows that sum to one: arXiv 2111.00035, equation 4."""
    q, k, v = qkv()
    identity = torch.eye(24, dtype=torch.float64).expand(1, 2, 24, 24)

    weighted = attend("skyformer", 8)(q, k, identity) * (k.square().sum(dim=-1) / (2 * 8**0.5)).exp()[..., None, :]

    lifted = attend("nystrom_lifted", 8)(q, k, v)
    assert torch.allclose(weighted @ v / weighted.sum(dim=-1, keepdim=True), lifted, rtol=0, atol=1e-10)
