"""What is particular to rsLoRA: the scale."""

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
    operator="rslora", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64"
)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_merged_minus_w0_is_alpha_over_root_r_times_b_a(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE.replace(options=(("alpha", 6.0),)))

    # Kalajdzievski, arXiv 2312.03732, section 4: α/√r, here 6/2
    torch.testing.assert_close(module.merged_weight() - weight, 3.0 * module.b @ module.a, rtol=0, atol=1e-14)


def test_at_rank_1_it_is_lora(adapt: Adapt) -> None:
    module, _, x = adapt(CASE.replace(rank=1))
    lora, _, _ = adapt(CASE.replace(operator="lora", rank=1))

    assert torch.equal(module(x), lora(x))


def test_its_update_falls_as_its_scale_where_b_a_x_keeps_its_size(adapt: Adapt) -> None:
    sizes = []
    for rank in (4, 64):
        module, weight, x = adapt(CASE.replace(rank=rank))
        sizes.append(float((module(x) - F.linear(x, weight)).detach().std()))

    # perturb draws B from N(0, 1/r), so that B A x has one size at every r: what is left is √(64/4)
    assert sizes[0] == pytest.approx(4 * sizes[1], rel=0.3)


def test_it_costs_what_lora_costs() -> None:
    assert operators.load("rslora").cost(CASE) == operators.load("lora").cost(CASE)
