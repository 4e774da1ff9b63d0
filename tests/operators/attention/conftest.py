"""Small cases and inputs for the attentions: one batch, two heads, float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case

QKV = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture
def attend() -> Callable[..., Callable[..., Any]]:
    """``attend(name, rank, n, **changes)`` builds an operator of that name for two heads of width 8."""

    def build(name: str, rank: int | None = None, n: int = 24, seed: int = 0, **changes: Any) -> Callable[..., Any]:
        case = Case(
            operator=name, dtype="float64", seq_len=n, num_heads=2, head_dim=8, hidden_size=16, rank=rank, **changes
        )
        built: Callable[..., Any] = operators.load(name).build(case, torch.Generator().manual_seed(seed))
        return built

    return build


@pytest.fixture
def qkv() -> Callable[..., QKV]:
    """``qkv(n)`` draws q, k and v ``[1, 2, n, 8]``, N(0, 1), float64."""

    def draw(n: int = 24, scale: float = 1.0) -> QKV:
        generator = torch.Generator().manual_seed(1)
        q, k, v = (torch.randn(1, 2, n, 8, generator=generator, dtype=torch.float64) for _ in range(3))
        return scale * q, scale * k, v

    return draw
