"""What is particular to LoKr: the update is a Kronecker product that is never formed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import flops, saved

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]
CASE = Case(operator="lokr", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64")

# out = 40 = 5·8 and in = 24 = 4·6, so that W1 is 5 × 4 and W2 8 × 6; at rank 2 W2a and W2b have 28 weights of 48
FACTORED = CASE.replace(rank=2)


@pytest.mark.parametrize("case", [CASE, FACTORED], ids=["full", "factored"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, case: Case, dtype: str) -> None:
    module, weight, x = adapt(case.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


@pytest.mark.parametrize("case", [CASE, FACTORED], ids=["full", "factored"])
def test_merged_minus_w0_is_the_kronecker_product(adapt: Adapt, case: Case) -> None:
    module, weight, _ = adapt(case)

    second = module.w2a @ module.w2b if case is FACTORED else module.w2
    update = 16 / (case.rank or 1) * torch.einsum("ij,kl->ikjl", module.w1, second).reshape(40, 24)
    torch.testing.assert_close(module.merged_weight() - weight, update, rtol=0, atol=1e-14)


@pytest.mark.parametrize("case", [CASE, FACTORED], ids=["full", "factored"])
def test_merged_equals_unmerged(adapt: Adapt, case: Case) -> None:
    module, _, x = adapt(case)

    # float64: sums of up to 24 products of size about 10 on either side
    torch.testing.assert_close(F.linear(x, module.merged_weight()), module(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("case", "rank"), [(CASE, 4 * 6), (FACTORED, 4 * 2)], ids=["full", "factored"])
def test_its_rank_is_the_product_of_those_of_w1_and_w2(adapt: Adapt, case: Case, rank: int) -> None:
    module, weight, _ = adapt(case)

    values = torch.linalg.svdvals((module.merged_weight() - weight).detach())
    # eps of the update and of W0's entries, from which it was taken
    rounding = torch.finfo(torch.float64).eps * (weight.norm() + 24 * values[0])
    assert int((values > rounding).sum()) == rank


@pytest.mark.parametrize(
    ("factor", "first"), [(8.0, (5, 4)), (4.0, (4, 4)), (3.0, (2, 3)), (1.0, (1, 1)), (100.0, (5, 4))]
)
def test_w1_has_the_largest_divisors_up_to_factor_and_the_root(
    adapt: Adapt, factor: float, first: tuple[int, int]
) -> None:
    module, _, _ = adapt(CASE.replace(options=(("factor", factor),)))

    assert tuple(module.w1.shape) == first


def test_w2_is_factored_where_that_has_fewer_weights() -> None:
    lokr = operators.load("lokr")

    # 5·4 of W1; r·(8 + 6) up to r = 3, 8·6 from there
    counts = [lokr.cost(CASE.replace(rank=rank)).trainable_parameters - 20 for rank in (1, 3, 4, 20)]
    assert counts == [14, 42, 48, 48]


def test_it_never_forms_the_update() -> None:
    cost = operators.load("lokr").cost(CASE)

    # 2·T·b1·a2·(b2 + a1) beside the base, twice that in the backward pass
    extra = 2 * 16 * 4 * 8 * (6 + 5)
    assert cost.forward_flops - 2 * 16 * 24 * 40 == extra
    assert cost.backward_flops - 2 * 16 * 24 * 40 == 2 * extra


@pytest.mark.parametrize("changes", [{}, {"dtype": "bfloat16", "adapter_dtype": "float32"}], ids=["one", "mixed"])
@pytest.mark.parametrize("scope", ["projection", "layer"])
def test_with_w2_factored_counts_are_the_closed_forms(scope: str, changes: dict[str, str]) -> None:
    shape = {} if scope == "projection" else {"hidden_size": 40, "num_heads": 2, "head_dim": 20, "out_features": None}
    case = FACTORED.replace(scope=scope, phase="train", **shape, **changes)
    cost, built = operators.load("lokr").cost(case), workload.build(case)

    assert flops.measure(built)["flops_counted"] == cost.flops("train") - cost.counter_gap("train")
    assert saved.measure(built)["saved_for_backward_bytes"] == cost.saved_bytes
