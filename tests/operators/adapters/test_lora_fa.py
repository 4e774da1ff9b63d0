"""What is particular to LoRA-FA: A is frozen, and x is not kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]
CASE = Case(
    operator="lora_fa", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64"
)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_merged_minus_w0_is_lora_s_update(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE)

    torch.testing.assert_close(module.merged_weight() - weight, 4.0 * module.b @ module.a, rtol=0, atol=1e-14)


def test_only_b_is_trained(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE)

    assert [name for name, weight in module.named_parameters() if weight.requires_grad] == ["b"]


def test_b_s_gradient_is_lora_s(adapt: Adapt) -> None:
    gradients = []
    for name in ("lora_fa", "lora"):
        module, _, x = adapt(CASE.replace(operator=name))
        module(x).square().sum().backward()
        gradients.append(module.b.grad)

    assert torch.equal(*gradients)


def test_it_keeps_lora_s_bytes_but_x() -> None:
    kept = [operators.load(name).cost(CASE).saved_bytes for name in ("lora", "lora_fa")]

    # 16 tokens of 24 numbers of 8 bytes; Zhang et al., arXiv 2308.03303, section 3
    assert kept[0] - kept[1] == 16 * 24 * 8


def test_its_backward_pass_is_2tr_in_and_4tr_out_beside_the_base_s_dx() -> None:
    cost = operators.load("lora_fa").cost(CASE)

    assert cost.backward_flops == 2 * 16 * 24 * 40 + 2 * 16 * 4 * 24 + 4 * 16 * 4 * 40
