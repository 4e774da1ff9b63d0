"""What is particular to factored key and value projections."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.data.models._attention import SelfAttention
from bench.measure import workload


def case_of(operator: str = "lowrank_kv", rank: int | None = 5, **changes: Any) -> Case:
    shape: dict[str, Any] = {"seq_len": 12, "num_heads": 4, "head_dim": 4, "hidden_size": 16, "rank": rank}
    return Case(**{**shape, "operator": operator, "scope": "layer", "dtype": "float64", "batch_size": 2, **changes})


def exact_case(**changes: Any) -> Case:
    return case_of("sdpa", rank=None, provider="torch", **changes)


@pytest.mark.parametrize("name", ["k", "v"])
def test_a_weight_loses_its_smallest_singular_values_and_no_more(name: str) -> None:
    """Eckart–Young: the root of the sum of the squares of those cut off."""
    full = getattr(workload.build(exact_case()).module, name).weight.detach()
    first, second = getattr(workload.build(case_of()).module, name)

    lost = torch.linalg.matrix_norm(full - second.weight.detach() @ first.weight.detach())

    assert torch.allclose(lost, torch.linalg.svdvals(full)[5:].square().sum().sqrt(), rtol=1e-10)


@pytest.mark.parametrize("form", [{}, {"causal": True}, {"mask": "padding"}, {"phase": "decode"}], ids=str)
@pytest.mark.parametrize("kv_heads", [4, 2])
@pytest.mark.parametrize(("operator", "atol"), [("lowrank_kv", 1e-12), ("lowrank_kv_whitened", 1e-10)])
def test_it_is_exact_at_the_rank_of_the_weights(
    form: dict[str, Any], kv_heads: int, operator: str, atol: float
) -> None:
    """Which is the smaller of d and g·c; a triangular factor is inverted where weights are whitened."""
    shape = {"num_kv_heads": kv_heads, **form}
    exact = workload.build(exact_case(**shape)).call()

    found = workload.build(case_of(operator, rank=4 * kv_heads, **shape)).call()
    torch.testing.assert_close(found, exact, rtol=0, atol=atol)


def test_a_step_caches_both_latents() -> None:
    """2·r elements a token, whatever the heads."""
    step = workload.build(case_of(phase="decode"))

    assert [tuple(tensor.shape) for tensor in step.cache or ()] == [(2, 12, 5), (2, 12, 5)]


def test_two_factors_take_the_place_of_each_weight() -> None:
    """``r(d + g·c)`` for ``d·g·c``: Palu, arXiv 2407.21118, section 3."""
    cost = operators.load("lowrank_kv").cost(case_of(num_kv_heads=2))

    assert cost.parameters == 2 * 16**2 + 2 * 5 * (16 + 2 * 4)


def test_a_step_costs_what_the_absorbed_form_does() -> None:
    """A sample's ``2h(c·r + n·r + n·r + r·c)``, beside q, both A and o: ``2(2d² + 2r·d)``."""
    cost = operators.load("lowrank_kv").cost(case_of(phase="decode"))

    assert cost.forward_flops == 2 * (2 * 4 * (2 * 4 * 5 + 2 * 12 * 5) + 2 * (2 * 16**2 + 2 * 5 * 16))


def test_a_rank_that_the_weights_have_not_is_refused() -> None:
    reason = operators.load("lowrank_kv").unsupported(case_of(rank=9, num_kv_heads=2))

    assert reason == "lowrank_kv factors weights of rank 8 and rank is 9"


def biased(case: Case) -> Any:
    """The attention of a pretrained network, whose projections have biases, with the operator in it."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        layer = SelfAttention(16, 4, num_kv_heads=case.kv_heads).double()
    return operators.load(case.operator).build_layer(case, layer, torch.Generator())


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_biases_survive_factoring(kv_heads: int) -> None:
    x = torch.randn(2, 12, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    shape = {"num_kv_heads": kv_heads}
    exact, found = (biased(case) for case in (exact_case(**shape), case_of(rank=4 * kv_heads, **shape)))

    torch.testing.assert_close(found(x), exact(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_a_step_with_biases_is_the_last_row_of_the_causal_whole(kv_heads: int) -> None:
    x = torch.randn(2, 12, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    layer = biased(case_of(causal=True, num_kv_heads=kv_heads))
    step = layer.decoding(x[:, :-1])

    torch.testing.assert_close(step(x[:, -1:]), layer(x)[:, -1:], rtol=0, atol=1e-12)
