"""Masks and causality where torch has names or hints for them, and attention to other tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention.bias import causal_lower_right, causal_upper_left

from bench.measure.recording import Attended, record

N = 6


class Masked(nn.Module):
    """Attention of a tensor to itself under a mask."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.mask = mask

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x, x, self.mask)


def only(module: nn.Module, *args: Any, **kwargs: Any) -> Attended:
    """Gives the one call that is recorded of a module."""
    (found,) = record(module, args, kwargs).attended
    return found


@pytest.mark.parametrize("bias", [causal_upper_left, causal_lower_right])
def test_torch_s_own_name_for_a_causal_mask_is_causal(bias: Callable[..., Tensor]) -> None:
    found = only(Masked(bias(N, N)), torch.randn(2, 3, N, 7))

    assert (found.causal, found.masked) == (True, False)


@pytest.mark.parametrize("need_weights", [True, False])
def test_a_hint_of_causality_counts_where_torch_takes_it(need_weights: bool) -> None:
    """With weights asked for, torch takes the mask, whatever the hint says."""
    x = torch.randn(2, N, 21)
    window = torch.ones(N, N, dtype=torch.bool).tril().triu(-2)
    words = {"attn_mask": ~window, "is_causal": True, "need_weights": need_weights}
    found = only(nn.MultiheadAttention(21, 3, batch_first=True), x, x, x, **words)

    assert (found.causal, found.masked) == (True, need_weights)


def test_cross_attention_of_as_many_tokens_is_left_out() -> None:
    x, other = torch.randn(2, N, 21), torch.randn(2, N, 21)
    layer = nn.MultiheadAttention(21, 3, batch_first=True)

    (left,) = record(layer, [x, other, other]).left_out
    assert left.reason == "queries and keys of different tokens: cross-attention"
    assert not only(layer, x, x.clone(), x.clone()).masked
