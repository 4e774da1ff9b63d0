"""What is particular to DoRA: the magnitudes, the norms without forming B A, the detached norm."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case

DORA = operators.load("dora")
CASE = Case(operator="dora", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64")


def adapted(case: Case, *, perturbed: bool = True) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """The module, a copy of W0, and x."""
    generator = torch.Generator().manual_seed(0)
    dtype = getattr(torch, case.dtype)
    linear = nn.Linear(case.hidden_size, case.out_size, bias=False, dtype=dtype)
    with torch.no_grad():
        linear.weight.copy_(torch.randn(linear.weight.shape, generator=generator, dtype=torch.float64) / 5)
    weight = linear.weight.detach().clone()
    module = DORA.build(case, linear, generator)
    if perturbed:
        module.perturb(generator)
    return (
        module,
        weight,
        torch.randn(case.tokens, case.hidden_size, generator=generator, dtype=torch.float64).to(dtype),
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(dtype: str) -> None:
    """m and the norm come from the same row sums, so that their quotient is exactly 1 while B is 0."""
    module, weight, x = adapted(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_m_starts_at_the_row_norms_of_w0() -> None:
    module, weight, _ = adapted(CASE, perturbed=False)

    torch.testing.assert_close(module.magnitude.detach(), weight.norm(dim=1), rtol=1e-14, atol=0)


def test_norms_without_forming_b_a_are_those_of_the_formed_sum() -> None:
    module, weight, _ = adapted(CASE.replace(options=(("alpha", 6.0),)))

    formed = weight + 6 / 4 * module.b @ module.a
    torch.testing.assert_close(module.row_norms(), formed.norm(dim=1).detach(), rtol=1e-13, atol=0)


def test_rows_of_the_merged_weight_have_the_norms_m() -> None:
    module, _, _ = adapted(CASE)

    # Liu et al., arXiv 2402.09353, equation 5: each row is m times a unit vector
    torch.testing.assert_close(module.merged_weight().norm(dim=1), module.magnitude, rtol=1e-13, atol=0)


def test_the_norm_is_constant_in_the_backward_pass() -> None:
    module, weight, x = adapted(CASE)
    module(x).sum().backward()

    norms = (weight + module.scale * module.b @ module.a).norm(dim=1).detach()
    a, b = (factor.detach().requires_grad_() for factor in (module.a, module.b))
    expected = F.linear(x, (module.magnitude.detach() / norms)[:, None] * (weight + module.scale * b @ a))
    expected.sum().backward()
    torch.testing.assert_close(module.a.grad, a.grad, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(module.b.grad, b.grad, rtol=1e-12, atol=1e-12)


def test_it_trains_the_magnitudes_beside_lora_s_factors() -> None:
    lora = operators.load("lora").cost(CASE)

    assert DORA.cost(CASE).trainable_parameters == lora.trainable_parameters + 40


def test_its_norms_cost_2r_in_out_and_2_r_squared_in_plus_out_forward_only() -> None:
    lora, dora = operators.load("lora").cost(CASE), DORA.cost(CASE)

    assert dora.forward_flops - lora.forward_flops == 2 * 4 * 24 * 40 + 2 * 16 * (24 + 40)
    assert dora.backward_flops == lora.backward_flops


def test_a_weight_of_float32_on_a_bfloat16_base_is_read_in_its_own_precision() -> None:
    module, weight, _ = adapted(CASE.replace(dtype="bfloat16", adapter_dtype="float32"), perturbed=False)

    assert module.magnitude.dtype == torch.float32
    # float32 sums of 24 squares of bfloat16 entries
    torch.testing.assert_close(module.magnitude.detach(), weight.float().norm(dim=1), rtol=24 * 2**-24, atol=0)
