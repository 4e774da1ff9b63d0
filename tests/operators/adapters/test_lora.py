"""What is particular to LoRA: step 0, the rank of the update, merging, what is kept for the backward pass."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case

LORA = operators.load("lora")
CASE = Case(operator="lora", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64")


def adapted(case: Case, *, perturbed: bool = True) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """The module, a copy of W0, and x."""
    generator = torch.Generator().manual_seed(0)
    dtype = getattr(torch, case.dtype)
    linear = nn.Linear(case.hidden_size, case.out_size, bias=False, dtype=dtype)
    with torch.no_grad():
        linear.weight.copy_(torch.randn(linear.weight.shape, generator=generator, dtype=torch.float64) / 5)
    weight = linear.weight.detach().clone()
    module = operators.load(case.operator).build(case, linear, generator)
    if perturbed:
        module.perturb(generator)
    return (
        module,
        weight,
        torch.randn(case.tokens, case.hidden_size, generator=generator, dtype=torch.float64).to(dtype),
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(dtype: str) -> None:
    module, weight, x = adapted(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_merged_minus_w0_is_alpha_over_r_times_b_a() -> None:
    case = CASE.replace(options=(("alpha", 6.0),))
    module, weight, _ = adapted(case)

    # Hu et al., arXiv 2106.09685, section 4.1: the update is scaled by α/r
    torch.testing.assert_close(module.merged_weight() - weight, 6 / 4 * module.b @ module.a, rtol=0, atol=1e-14)


def test_merged_minus_w0_has_rank_r_and_no_more() -> None:
    module, weight, _ = adapted(CASE)

    values = torch.linalg.svdvals(module.merged_weight() - weight)
    assert values[3] > 0.1
    # the subtraction leaves the rounding of W0's entries: eps·‖W0‖_F
    assert values[4] <= torch.finfo(torch.float64).eps * weight.norm()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_merged_equals_unmerged_within_the_rounding_of_its_dtype(dtype: str) -> None:
    module, _, x = adapted(CASE.replace(dtype=dtype))

    merged, unmerged = F.linear(x, module.merged_weight()), module(x)
    # Each of the seven roundings (B A, its scaling, its sum with W0, the three products, their sum) is eps/2 of the
    # largest intermediate; a sum of `in` products of the same sign bounds every one of them.
    largest = F.linear(x.double().abs(), module.base.weight.double().abs()).max() + (
        module.scale * F.linear(F.linear(x.double().abs(), module.a.double().abs()), module.b.double().abs()).max()
    )
    assert (merged - unmerged).abs().max() <= 7 / 2 * torch.finfo(x.dtype).eps * largest


def test_after_perturb_the_update_has_the_size_that_its_draws_give() -> None:
    module, weight, x = adapted(CASE)

    update = (module(x) - F.linear(x, weight)).detach()
    # B ~ N(0, 1/r), A ~ U(±1/√in), x ~ N(0, 1): the update's variance is s²/3 = 16/3
    assert float(update.std()) == pytest.approx((16 / 3) ** 0.5, rel=0.3)


def test_a_is_drawn_from_kaiming_uniform_with_a_of_root_five() -> None:
    module, _, _ = adapted(CASE.replace(hidden_size=400, rank=64))

    # U(±b) with b = √(6 / ((1 + a²)·in)) = 1/√in at a = √5; its standard deviation is b/√3
    bound = 400**-0.5
    assert module.a.abs().max() <= bound
    # of 25 600 draws: a standard error of 0.3 %
    assert float(module.a.detach().std()) == pytest.approx(bound / 3**0.5, rel=0.015)


def test_unmerged_adds_2tr_times_in_plus_out_flops_and_twice_that_backward() -> None:
    cost, plain = LORA.cost(CASE), operators.load("full").cost(CASE)

    # T = 16, r = 4, in + out = 64; backward of the frozen base is dx alone, half of the plain layer's
    assert cost.forward_flops - plain.forward_flops == 2 * 16 * 4 * 64
    assert cost.backward_flops - plain.backward_flops // 2 == 4 * 16 * 4 * 64


def test_factors_of_float32_on_a_bfloat16_base_give_bfloat16() -> None:
    module, _, x = adapted(CASE.replace(dtype="bfloat16", adapter_dtype="float32"))

    assert {name: p.dtype for name, p in module.named_parameters()} == {
        "a": torch.float32,
        "b": torch.float32,
        "base.weight": torch.bfloat16,
    }
    assert module(x).dtype == torch.bfloat16


def test_factors_of_float32_round_less_than_factors_of_the_base() -> None:
    exact, _, x = adapted(CASE)
    errors = {}
    for adapter_dtype in ("bfloat16", "float32"):
        module, _, _ = adapted(CASE.replace(dtype="bfloat16", adapter_dtype=adapter_dtype))
        errors[adapter_dtype] = (module(x.bfloat16()).double() - exact(x)).norm()

    assert errors["float32"] < errors["bfloat16"]


def test_mixed_dtypes_keep_the_copy_of_x_and_not_x() -> None:
    case = CASE.replace(dtype="bfloat16", adapter_dtype="float32", phase="train")

    # T·in and T·r of 4 bytes; W0 of 2; A and B of 4
    assert LORA.cost(case).saved_bytes == 4 * 16 * (24 + 4) + 2 * 24 * 40 + 4 * 4 * (24 + 40)
