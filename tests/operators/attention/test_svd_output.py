"""What is particular to the truncated SVD of the output: it is the bound of the output error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench.measure import reference


@pytest.mark.parametrize("rank", [1, 4, 7])
def test_error_is_that_of_the_singular_values_left_out(
    rank: int, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """Eckart and Young 1936, each head by itself."""
    q, k, v = qkv()
    exact = reference.attention(q, k, v)

    difference = attend("svd_output", rank)(q, k, v) - exact

    left_out = torch.linalg.svdvals(exact)[..., rank:].square().sum(dim=-1).sqrt()
    assert torch.allclose(torch.linalg.matrix_norm(difference), left_out, rtol=0, atol=1e-12)


def test_it_is_exact_from_the_width_of_the_values_on(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()

    output = attend("svd_output", 8)(q, k, v)

    assert torch.allclose(output, reference.attention(q, k, v), rtol=0, atol=1e-13)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_the_best_matrix_has_not_the_best_output(
    rank: int, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv()
    exact = reference.attention(q, k, v)

    of_output, of_matrix = (
        reference.relative_error(attend(name, rank)(q, k, v), exact) for name in ("svd_output", "svd_oracle")
    )

    assert of_output < of_matrix
