"""What is particular to the Nyström family: what six iterations do, and where the exact inverse is exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench import operators
from bench.measure import reference
from bench.operators.attention.nystrom import OPERATOR as NYSTROM


def test_six_iterations_filter_the_spectrum_as_the_recursion_says() -> None:
    """The singular values of ``F2 Z`` are ``1 - e``: ``e_0 = 1 - σ²/(‖F2‖_1 ‖F2‖_inf)``, ``e <- (3e³ + e⁴)/4``.

    Follows from the iteration (Xiong et al., arXiv 2102.03902, equation 15) with ``X = 1 - e``.
    """
    logits = torch.randn(1, 1, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = logits.softmax(dim=-1)

    found = torch.linalg.svdvals(matrix @ NYSTROM.inverse(matrix))[0, 0]

    norms = matrix.sum(dim=-2).max() * matrix.sum(dim=-1).max()
    e = 1 - torch.linalg.svdvals(matrix)[0, 0] ** 2 / norms
    for _ in range(6):
        e = (3 * e**3 + e**4) / 4
    assert torch.allclose(found.sort().values, (1 - e).sort().values, rtol=0, atol=1e-12)


def test_exact_inverse_is_exact_with_every_token_a_landmark(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv()

    output = attend("nystrom_pinv", 24)(q, k, v)

    # F2 = A is to be inverted: rounding grows by its condition
    condition = float(torch.linalg.cond(reference.attention_matrix(q, k)).max())
    assert torch.allclose(output, reference.attention(q, k, v), rtol=0, atol=1e-15 * condition)


def test_six_iterations_are_not_exact_with_every_token_a_landmark(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv()

    error = reference.relative_error(attend("nystrom", 24)(q, k, v), reference.attention(q, k, v))

    assert error > 0.01
    assert not operators.load("nystrom").exact_at_full_rank


def test_empty_landmarks_are_out(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """With the valid tokens in the first half, eight segments of which four are empty equal four of that half."""
    q, k, v = qkv()
    mask = torch.arange(24)[None] < 12

    masked = attend("nystrom", 8, mask="padding")(q, k, v, mask)

    half = attend("nystrom", 4, 12)(q[..., :12, :], k[..., :12, :], v[..., :12, :])
    assert torch.allclose(masked[..., :12, :], half, rtol=0, atol=1e-12)
