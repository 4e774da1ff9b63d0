"""What is particular to cosFormer: its weights, rows without any, and a length that the case fixes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from bench import operators
from bench.case import Case
from bench.measure import reference


def test_weights_are_those_of_the_formula(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """``relu(q_i)·relu(k_j) cos(π(i - j)/2M)`` with M = 40, rows normalised."""
    q, k, _ = qkv()
    q = q.abs()  # no row without weight
    distance = torch.arange(24.0, dtype=torch.float64)[:, None] - torch.arange(24.0, dtype=torch.float64)
    weights = (q.relu() @ k.relu().mT) * torch.cos(math.pi * distance / 80)

    matrix = reference.operator_matrix(attend("cosformer", options=(("max_len", 40),)), q, k)

    assert torch.allclose(matrix, weights / weights.sum(dim=-1, keepdim=True), rtol=0, atol=1e-14)


def test_a_row_without_weight_gives_zero(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    q[..., 7, :] = -q[..., 7, :].abs()

    for causal in (False, True):
        output = attend("cosformer", causal=causal)(q, k, v)
        assert torch.equal(output[..., 7, :], torch.zeros(1, 2, 8, dtype=torch.float64))
        assert torch.isfinite(output).all()


def test_causal_form_equals_the_other_on_each_prefix(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """M stays the case's where fewer tokens are fed."""
    q, k, v = qkv(140)
    plain = attend("cosformer", n=140)

    output = attend("cosformer", n=140, causal=True)(q, k, v)

    for length in (1, 128, 129, 140):
        prefix = plain(*(x[..., :length, :] for x in (q, k, v)))
        assert torch.allclose(output[..., length - 1, :], prefix[..., -1, :], rtol=0, atol=1e-12)


def test_fewer_queries_are_the_last_ones(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    operator = attend("cosformer")

    output = operator(q[..., -5:, :], k, v)

    assert torch.allclose(output, operator(q, k, v)[..., -5:, :], rtol=0, atol=1e-13)


def test_a_max_len_below_the_tokens_is_refused() -> None:
    case = Case(operator="cosformer", seq_len=32, num_heads=1, head_dim=8, hidden_size=8, options=(("max_len", 31),))

    reason = operators.load("cosformer").unsupported(case)

    assert reason == "cosformer turns beyond a right angle: max_len is 31 of 32 tokens"
