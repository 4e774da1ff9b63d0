"""A sample whose keys are all masked gives 0, and gradients that are 0 and not NaN, beside one that is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.operators._base import Attention

OURS = ("bench", "torch")


def masking_and_trained() -> list[str]:
    loaded = {name: operators.load(name) for name in operators.names()}
    ours = {name: o for name, o in loaded.items() if isinstance(o, Attention) and o.provider in OURS}
    shape = {"num_heads": 2, "head_dim": 8, "hidden_size": 16, "seq_len": 24, "rank": 8, "phase": "train"}
    return [name for name, o in ours.items() if o.unsupported(Case(operator=name, mask="padding", **shape)) is None]


@pytest.mark.parametrize("n", [24, 29])
@pytest.mark.parametrize("name", masking_and_trained())
def test_gradients_beside_a_fully_masked_sample_are_finite(name: str, n: int, attend: Callable[..., Any]) -> None:
    rank = 8 if operators.load(name).has_rank else None
    drawn = torch.randn(3, 2, 2, n, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    q, k, v = (tensor.clone().requires_grad_() for tensor in drawn)
    mask = torch.tensor([[False] * n, [True] * (n - 5) + [False] * 5])

    output = attend(name, rank, n, mask="padding", batch_size=2)(q, k, v, mask)
    output.square().sum().backward()

    assert torch.equal(output[0], torch.zeros_like(output[0]))
    for tensor in (q, k, v):
        # `uniform` reads neither q nor k
        gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        assert torch.isfinite(gradient).all()
        assert not gradient[0].any()
