"""What is particular to AdaLoRA: the diagonal between the factors."""

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
    operator="adalora", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64"
)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_merged_minus_w0_is_the_scaled_triple_product(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE.replace(options=(("alpha", 6.0),)))

    # Zhang et al., arXiv 2303.10512, equation 3; scaled by α/r
    update = 6 / 4 * module.b @ torch.diag(module.singular) @ module.a
    torch.testing.assert_close(module.merged_weight() - weight, update, rtol=0, atol=1e-14)


def test_an_entry_of_the_diagonal_set_to_0_takes_one_from_the_rank(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE)
    module.singular.data[1] = 0.0

    values = torch.linalg.svdvals((module.merged_weight() - weight).detach())
    assert values[2] > 1e-3
    # the subtraction leaves the rounding of W0's entries: eps·‖W0‖_F
    assert values[3] <= torch.finfo(torch.float64).eps * weight.norm()


def test_the_diagonal_starts_at_0_and_the_factors_do_not(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE.replace(hidden_size=400, out_features=400, rank=64), perturbed=False)

    assert not module.singular.any()
    for factor in (module.a, module.b):
        # N(0, 0.02²), of 25 600 draws: a standard error of 0.4 %
        assert float(factor.detach().std()) == pytest.approx(0.02, rel=0.02)


def test_at_step_0_only_the_diagonal_has_a_gradient(adapt: Adapt) -> None:
    module, _, x = adapt(CASE, perturbed=False)
    module(x).square().sum().backward()

    assert module.singular.grad.all()
    assert not module.a.grad.any()
    assert not module.b.grad.any()


def test_it_trains_r_weights_and_keeps_t_r_numbers_more_than_lora() -> None:
    lora, adalora = operators.load("lora").cost(CASE), operators.load("adalora").cost(CASE)

    assert adalora.trainable_parameters == lora.trainable_parameters + 4
    assert adalora.saved_bytes == lora.saved_bytes + 8 * (16 * 4 + 4)
    assert (adalora.forward_flops, adalora.backward_flops) == (lora.forward_flops, lora.backward_flops)
