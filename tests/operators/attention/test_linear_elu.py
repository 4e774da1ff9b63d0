"""What is particular to elu + 1: its feature far below zero, and its slope at zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench.measure import reference


def matrix_of(q_value: float, k_values: list[float], attend: Callable[..., Any]) -> torch.Tensor:
    """One query of that value in each channel; the keys likewise."""
    q = torch.full((1, 2, 1, 8), q_value)
    k = torch.tensor(k_values)[None, None, :, None].expand(1, 2, len(k_values), 8)
    return reference.operator_matrix(attend("linear_elu", n=len(k_values)), q, k)[0, 0, 0]


def test_feature_of_minus_twenty_is_not_lost_in_single_precision(attend: Callable[..., Any]) -> None:
    """``elu(-20) + 1`` is 0 in float32; exp(-20) = 2.06e-9."""
    weights = matrix_of(0.0, [0.0, -20.0], attend)

    assert float(weights[1]) == pytest.approx(math.exp(-20), rel=1e-6)


def test_feature_is_x_plus_one_above_zero_and_exp_below(attend: Callable[..., Any]) -> None:
    weights = matrix_of(1.0, [2.0, 0.0, -1.0], attend)

    expected = torch.tensor([3.0, 1.0, math.exp(-1)])
    assert torch.allclose(weights, expected / expected.sum(), rtol=1e-6)


def test_slope_at_zero_is_one(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """Both branches have slope 1 there: the gradient at 0 is that on either side, up to the step."""
    q, _, v = qkv(4)

    def gradient(value: float) -> torch.Tensor:
        k = torch.full((1, 2, 4, 8), value, dtype=torch.float64, requires_grad=True)
        (attend("linear_elu", n=4)(q, k, v) * v).sum().backward()
        assert k.grad is not None
        return k.grad

    assert torch.allclose(gradient(0.0), gradient(-1e-6), rtol=0, atol=1e-5)
    assert torch.allclose(gradient(0.0), gradient(1e-6), rtol=0, atol=1e-5)
