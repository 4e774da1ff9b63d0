"""What is particular to (IA)³: the vector l."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]
CASE = Case(operator="ia3", scope="projection", seq_len=16, hidden_size=24, out_features=40, dtype="float64")


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_merging_scales_the_rows_of_w0(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE)

    assert module.scales.std() > 0
    torch.testing.assert_close(module.merged_weight(), torch.diag(module.scales) @ weight, rtol=1e-15, atol=0)


def test_its_gradient_is_that_of_each_output_s_scale(adapt: Adapt) -> None:
    module, weight, x = adapt(CASE)
    module(x).sum().backward()

    torch.testing.assert_close(module.scales.grad, F.linear(x, weight).sum(dim=0), rtol=1e-13, atol=1e-13)


def test_it_trains_one_number_an_output() -> None:
    cost = operators.load("ia3").cost(CASE)

    assert (cost.parameters, cost.trainable_parameters) == (24 * 40 + 40, 40)


def test_it_adds_no_matrix_product_to_the_frozen_base() -> None:
    cost = operators.load("ia3").cost(CASE)

    assert (cost.forward_flops, cost.backward_flops) == (2 * 16 * 24 * 40, 2 * 16 * 24 * 40)


def test_it_keeps_the_base_s_output_and_not_x() -> None:
    # 16 tokens of 40 outputs, W0, l; 8 bytes each
    assert operators.load("ia3").cost(CASE).saved_bytes == 8 * (16 * 40 + 24 * 40 + 40)
