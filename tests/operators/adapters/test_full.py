"""What is particular to the plain projection, the baseline of every adapter."""

from __future__ import annotations

import torch
from torch import nn

from bench import operators
from bench.case import Case

FULL = operators.load("full")
CASE = Case(operator="full", scope="projection", phase="train", seq_len=16, hidden_size=24, out_features=40)


def test_it_is_the_projection_itself() -> None:
    linear = nn.Linear(24, 40, bias=False)

    assert FULL.build(CASE, linear, torch.Generator()) is linear


def test_all_of_its_weight_is_trained_also_where_it_was_frozen() -> None:
    linear = nn.Linear(24, 40, bias=False).requires_grad_(False)

    assert FULL.build(CASE, linear, torch.Generator()).weight.requires_grad


def test_its_backward_pass_is_twice_its_forward_pass() -> None:
    cost = FULL.cost(CASE)

    assert (cost.forward_flops, cost.backward_flops) == (2 * 16 * 24 * 40, 4 * 16 * 24 * 40)


def test_at_a_layer_it_costs_what_sdpa_costs_there() -> None:
    layer = CASE.replace(scope="layer", out_features=None, num_heads=3, head_dim=8)

    assert FULL.cost(layer) == operators.load("sdpa").cost(layer.replace(operator="sdpa"))


def test_an_adapter_dtype_is_refused() -> None:
    reason = FULL.unsupported(CASE.replace(adapter_dtype="bfloat16"))

    assert reason == "full has no adapter weights whose dtype could differ"
