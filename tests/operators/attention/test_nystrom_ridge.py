"""What is particular to the ridge-regularised inverse: what it does to each direction, and its two limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.operators.attention.nystrom_ridge import OPERATOR


def test_each_direction_is_inverted_by_the_tikhonov_filter() -> None:
    """The singular values of ``F2 Z`` are ``σ²/(σ² + λ)``; λ = 0.01 by default."""
    logits = torch.randn(1, 1, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = logits.softmax(dim=-1)

    found = torch.linalg.svdvals(matrix @ OPERATOR.inverse(matrix))[0, 0]

    squares = torch.linalg.svdvals(matrix)[0, 0] ** 2
    assert torch.allclose(found, squares / (squares + 0.01), rtol=0, atol=1e-12)


def test_a_ridge_that_vanishes_gives_the_exact_inverse(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    exact = attend("nystrom_pinv", 4)(q, k, v)

    far, near = (
        float((attend("nystrom_ridge", 4, options=(("ridge", ridge),))(q, k, v) - exact).abs().max())
        for ridge in (1e-4, 1e-8)
    )

    # the difference is linear in λ once λ is far below the smallest squared singular value
    assert near == pytest.approx(far / 1e4, rel=0.5)


@pytest.mark.parametrize("ridge", [0.0, -0.1])
def test_a_ridge_that_is_not_above_zero_is_refused(ridge: float) -> None:
    case = Case(operator="nystrom_ridge", seq_len=32, num_heads=1, head_dim=8, hidden_size=8, rank=4)

    assert operators.load("nystrom_ridge").unsupported(case.replace(options=(("ridge", ridge),))) is not None
