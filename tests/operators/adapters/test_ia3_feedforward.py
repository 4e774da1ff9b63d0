"""What is particular to (IA)³ in the feed-forward network: l rescales what the projection reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case
from bench.measure import workload

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]
CASE = Case(
    operator="ia3_feedforward", scope="projection", seq_len=16, hidden_size=24, out_features=40, dtype="float64"
)
MODEL = Case(operator="ia3_feedforward", scope="model", seq_len=8, hidden_size=32, num_heads=2, head_dim=16)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_merging_scales_the_columns_of_w0(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE)

    assert module.scales.std() > 0
    torch.testing.assert_close(module.merged_weight(), weight @ torch.diag(module.scales), rtol=1e-15, atol=0)


def test_its_gradient_is_that_of_each_input_s_scale(adapt: Adapt) -> None:
    module, weight, x = adapt(CASE)
    module(x).sum().backward()

    # d/dl_j Σ_ti W_ij l_j x_tj
    torch.testing.assert_close(module.scales.grad, x.sum(dim=0) * weight.sum(dim=0), rtol=1e-12, atol=1e-12)


def test_it_trains_one_number_an_input() -> None:
    cost = operators.load("ia3_feedforward").cost(CASE)

    assert (cost.parameters, cost.trainable_parameters) == (24 * 40 + 24, 24)


def test_it_adds_no_matrix_product_to_the_frozen_base() -> None:
    cost = operators.load("ia3_feedforward").cost(CASE)

    assert (cost.forward_flops, cost.backward_flops) == (2 * 16 * 24 * 40, 2 * 16 * 24 * 40)


@pytest.mark.parametrize(("dtype", "adapter_dtype", "element"), [("float64", None, 8), ("bfloat16", "float32", 2)])
def test_it_keeps_x_as_it_came(dtype: str, adapter_dtype: str | None, element: int) -> None:
    cost = operators.load("ia3_feedforward").cost(CASE.replace(dtype=dtype, adapter_dtype=adapter_dtype))

    # 16 tokens of 24 inputs and W0 in the base's dtype, l in its own
    assert cost.saved_bytes == element * (16 * 24 + 24 * 40) + (8 if adapter_dtype is None else 4) * 24


def test_in_a_block_it_rescales_the_inner_activation() -> None:
    module = workload.build(MODEL).module

    assert module is not None
    trained = {name: weight.numel() for name, weight in module.named_parameters() if weight.requires_grad}
    assert trained == {"blocks.0.down.scales": 4 * 32}
