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


def test_it_trains_r_weights_more_than_lora_and_keeps_its_scaled_q_too() -> None:
    lora, adalora = operators.load("lora").cost(CASE), operators.load("adalora").cost(CASE)

    assert adalora.trainable_parameters == lora.trainable_parameters + 4
    # Λ and Λ Q, of r = 4 and in = 24
    assert adalora.saved_bytes == lora.saved_bytes + 8 * (4 + 4 * 24)
    assert (adalora.forward_flops, adalora.backward_flops) == (lora.forward_flops, lora.backward_flops)


def test_the_penalty_is_the_factors_distance_from_orthonormal(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE)

    # Zhang et al., arXiv 2303.10512, section 3.1: ‖PᵀP - I‖_F² + ‖QQᵀ - I‖_F²
    p, q, identity = module.b.detach(), module.a.detach(), torch.eye(4, dtype=torch.float64)
    expected = torch.linalg.norm(p.T @ p - identity) ** 2 + torch.linalg.norm(q @ q.T - identity) ** 2
    torch.testing.assert_close(module.penalty().detach(), expected, rtol=1e-12, atol=0)


def test_orthonormal_factors_have_no_penalty(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE)
    module.a.data.copy_(torch.eye(4, 24))
    module.b.data.copy_(torch.eye(40, 4))

    assert module.penalty() == 0


def test_pruning_keeps_the_entries_of_the_largest_importance(adapt: Adapt) -> None:
    module, _, x = adapt(CASE)
    module(x).square().sum().backward()
    before, weights = module.singular.detach().clone(), (module.singular, module.b, module.a)
    entry, column, row = ((weight * weight.grad).detach().abs() for weight in weights)

    # section 3.2 of the same: the entry's own importance and the means over its two singular vectors
    importance = [float(entry[i] + column[:, i].sum() / 40 + row[i].sum() / 24) for i in range(4)]
    kept = sorted(range(4), key=lambda i: importance[i])[2:]
    module.prune(2)
    assert module.singular.tolist() == [float(before[i]) if i in kept else 0.0 for i in range(4)]
