"""What is particular to LoHa: the update is an elementwise product of two of rank r."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]
CASE = Case(operator="loha", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64")


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_merged_minus_w0_is_the_elementwise_product(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE.replace(options=(("alpha", 6.0),)))

    # Hyeon-Woo et al., arXiv 2108.06098, proposition 1; scaled by α/r
    update = 6 / 4 * (module.b1 @ module.a1) * (module.b2 @ module.a2)
    torch.testing.assert_close(module.merged_weight() - weight, update, rtol=0, atol=1e-14)


def test_its_update_has_rank_r_squared_and_no_more(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE.replace(rank=3))

    values = torch.linalg.svdvals((module.merged_weight() - weight).detach())
    assert values[8] > 1e-3  # the same paper: rank ≤ r² = 9
    # the subtraction leaves the rounding of W0's entries and the update's
    assert values[9] <= torch.finfo(torch.float64).eps * (weight.norm() + 3 * values[0])


def test_one_of_its_four_factors_starts_at_0(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE, perturbed=False)

    factors = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert factors == {"a1", "a2", "b1", "b2"}
    assert [name for name in sorted(factors) if not getattr(module, name).any()] == ["b2"]


def test_it_trains_twice_lora_s_weights() -> None:
    cost = operators.load("loha").cost(CASE)

    assert cost.trainable_parameters == 2 * operators.load("lora").cost(CASE).trainable_parameters


def test_forming_the_update_costs_the_same_whatever_the_tokens() -> None:
    for tokens in (16, 1024):
        cost = operators.load("loha").cost(CASE.replace(seq_len=tokens))
        base = 2 * tokens * 24 * 40

        # 4·r·in·out; backward 8·r·in·out beside the base's dx and the sum's gradient
        assert cost.forward_flops - base == 4 * 4 * 24 * 40
        assert cost.backward_flops - 2 * base == 8 * 4 * 24 * 40


def test_mixed_dtypes_multiply_x_in_its_own(adapt: Adapt) -> None:
    module, _, x = adapt(CASE.replace(dtype="bfloat16", adapter_dtype="float32"))

    assert module.a1.dtype == torch.float32
    assert torch.equal(module(x), F.linear(x, module.merged_weight()))
