"""The causal form in chunks against its quadratic definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench.operators.attention._kernel import CHUNK, causal_kernel_attention, kernel_attention


def features(n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    q, k = (torch.rand(2, 3, n, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    return q, k, torch.randn(2, 3, n, 7, generator=generator, dtype=torch.float64)


def quadratic(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    weights = (q @ k.mT).tril()
    return weights / weights.sum(dim=-1, keepdim=True) @ v


@pytest.mark.parametrize("n", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_chunks_equal_the_quadratic_form(n: int) -> None:
    q, k, v = features(n)

    assert torch.allclose(causal_kernel_attention(q, k, v), quadratic(q, k, v), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [CHUNK, 2 * CHUNK + 17])
def test_a_scale_that_rises_along_the_tokens_cancels(n: int) -> None:
    q, k, v = features(n)
    scale = torch.linspace(-3, 4, n, dtype=torch.float64).view(1, 1, n, 1).expand(2, 3, n, 1)

    output = causal_kernel_attention(q, k * (-scale).exp(), v, scale)

    assert torch.allclose(output, quadratic(q, k, v), rtol=0, atol=1e-12)


def test_last_row_of_the_causal_form_is_that_of_the_other() -> None:
    q, k, v = features(200)

    last = causal_kernel_attention(q, k, v)[..., -1, :]

    assert torch.allclose(last, kernel_attention(q, k, v)[..., -1, :], rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", [kernel_attention, causal_kernel_attention])
def test_rows_without_weight_give_zero_with_finite_gradients(form: Callable[..., Any]) -> None:
    q, k, v = features(10)
    k = torch.zeros_like(k).requires_grad_()

    output = form(q, k, v)
    output.sum().backward()

    assert torch.equal(output, torch.zeros_like(output))
    assert k.grad is not None
    assert torch.isfinite(k.grad).all()
