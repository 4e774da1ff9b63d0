"""What is particular to PiSSA: the factors are the top of W0."""

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
    operator="pissa", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64"
)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_rounding(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    # W0's parts are rounded apart, A x, B A x, the base's product and the sum once each; sums of absolute values
    # bound every intermediate
    x64, parts = x.double().abs(), [module.base.weight, module.scale**0.5 * module.b, module.scale**0.5 * module.a]
    base, b, a = (part.detach().double().abs() for part in parts)
    largest = F.linear(x64, base).max() + F.linear(F.linear(x64, a), b).max()
    assert (module(x) - F.linear(x, weight)).abs().max() <= 7 / 2 * torch.finfo(x.dtype).eps * largest


def test_the_merged_weight_is_w0_to_rounding_before_training(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE, perturbed=False)

    torch.testing.assert_close(module.merged_weight().detach(), weight, rtol=0, atol=1e-14)


def test_with_factors_of_float32_the_base_holds_what_they_leave(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE.replace(dtype="bfloat16", adapter_dtype="float32"), perturbed=False)

    sums = module.base.weight.double() + module.scale * module.b.double() @ module.a.double()
    # half an eps of bfloat16 of the residual's largest entry; float32's rounding is 2¹⁶ times less
    allowed = 1.01 / 2 * torch.finfo(torch.bfloat16).eps * module.base.weight.double().abs().max()
    assert (sums - weight.double()).abs().max() <= allowed


@pytest.mark.parametrize("alpha", [16.0, 6.0])
def test_the_scaled_product_is_the_best_approximation_of_w0_of_its_rank(adapt: Adapt, alpha: float) -> None:
    module, weight, _ = adapt(CASE.replace(options=(("alpha", alpha),)), perturbed=False)

    u, s, vh = torch.linalg.svd(weight, full_matrices=False)
    best = u[:, :4] @ torch.diag(s[:4]) @ vh[:4]
    torch.testing.assert_close(alpha / 4 * (module.b @ module.a).detach(), best, rtol=0, atol=1e-13)


def test_the_base_is_left_with_the_other_singular_values(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE, perturbed=False)

    left = torch.linalg.svdvals(module.base.weight)
    torch.testing.assert_close(left[:20], torch.linalg.svdvals(weight)[4:], rtol=1e-12, atol=0)
    assert left[20:].max() < 1e-13


def test_either_factor_holds_the_roots_of_the_singular_values(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE, perturbed=False)

    expected = torch.diag(torch.linalg.svdvals(weight)[:4])
    torch.testing.assert_close(4.0 * (module.a @ module.a.T).detach(), expected, rtol=0, atol=1e-13)
    torch.testing.assert_close(4.0 * (module.b.T @ module.b).detach(), expected, rtol=0, atol=1e-13)


def test_it_costs_what_lora_costs() -> None:
    assert operators.load(CASE.operator).cost(CASE) == operators.load("lora").cost(CASE)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(CASE.replace(rank=25), id="projection"),
        pytest.param(
            CASE.replace(rank=25, scope="layer", hidden_size=48, num_heads=2, num_kv_heads=1, head_dim=24), id="layer"
        ),
    ],
)
def test_a_rank_above_w0_s_is_refused_with_the_remedy(case: Case) -> None:
    reason = operators.load(case.operator).unsupported(case.replace(out_features=None if case.num_heads else 40))

    assert reason == f"{case.operator} takes its factors from W0, which has rank 24; take rank ≤ 24"


def test_a_scale_that_has_no_root_is_refused_with_the_remedy() -> None:
    reason = operators.load(CASE.operator).unsupported(CASE.replace(options=(("alpha", 0.0),)))

    assert reason == f"{CASE.operator} divides its factors by the scale's root; take alpha > 0"
