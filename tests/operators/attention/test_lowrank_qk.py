"""What is particular to queries and keys of lower rank than their projections."""

from __future__ import annotations

from typing import Any

import torch

from bench import operators
from bench.case import Case
from bench.data.models._attention import SelfAttention
from bench.measure import workload


def case_of(operator: str = "lowrank_qk", rank: int | None = 3, **changes: Any) -> Case:
    shape: dict[str, Any] = {"seq_len": 12, "num_heads": 2, "head_dim": 8, "hidden_size": 16, "rank": rank}
    return Case(**{**shape, "operator": operator, "scope": "layer", "dtype": "float64", "batch_size": 2, **changes})


def score_matrices(layer: Any, width: int) -> torch.Tensor:
    """``W_Qᵀ W_K`` of each head, ``[h, d, d]``."""
    q, k = (projection.weight.detach().unflatten(0, (-1, width)) for projection in (layer.q, layer.k))
    matrices: torch.Tensor = q.mT @ k
    return matrices


def test_scores_lose_the_smallest_singular_values_and_no_more() -> None:
    """Eckart–Young: the root of the sum of the squares of those cut off."""
    full = score_matrices(workload.build(case_of("sdpa", rank=None, provider="torch")).module, 8)
    cut = score_matrices(workload.build(case_of()).module, 3)

    lost = torch.linalg.matrix_norm(full - cut)

    assert torch.allclose(lost, torch.linalg.svdvals(full)[:, 3:].square().sum(dim=-1).sqrt(), rtol=1e-10)


def test_it_is_exact_at_the_rank_of_a_head() -> None:
    for form in ({}, {"causal": True}, {"mask": "padding"}, {"phase": "decode"}):
        exact = workload.build(case_of("sdpa", rank=None, provider="torch", **form)).call()

        torch.testing.assert_close(workload.build(case_of(rank=8, **form)).call(), exact, rtol=0, atol=1e-12)


def test_a_step_caches_narrow_keys() -> None:
    """r + c elements a token and head."""
    step = workload.build(case_of(phase="decode"))

    assert [tuple(tensor.shape) for tensor in step.cache or ()] == [(2, 2, 12, 3), (2, 2, 12, 8)]


def test_products_are_those_of_two_widths() -> None:
    """``2·T·(2·d·h·r + 2·d²)`` and ``2b·h·n²(r + c)``."""
    cost = operators.load("lowrank_qk").cost(case_of())

    assert cost.forward_flops == 2 * 24 * (2 * 16 * 2 * 3 + 2 * 16**2) + 2 * 2 * 2 * 12**2 * (3 + 8)


def test_more_than_a_head_has_is_refused() -> None:
    reason = operators.load("lowrank_qk").unsupported(case_of(rank=9))

    assert reason == "lowrank_qk has at most 8 key dimensions and rank is 9"


def biased(case: Case) -> Any:
    """The attention of a pretrained network, whose projections have biases, with the operator in it."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        layer = SelfAttention(16, 2).double()
    return operators.load(case.operator).build_layer(case, layer, torch.Generator())


def scores(layer: Any, width: int, x: torch.Tensor) -> torch.Tensor:
    """``q kᵀ`` of each head, ``[b, h, n, n]``."""
    q, k = (layer.heads(projection(x))[..., :width] for projection in (layer.q, layer.k))
    product: torch.Tensor = q @ k.mT
    return product.detach()


def test_with_biases_it_is_exact_at_the_rank_of_a_head() -> None:
    x = torch.randn(2, 12, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    exact = biased(case_of("sdpa", rank=None, provider="torch"))(x)

    torch.testing.assert_close(biased(case_of(rank=8))(x), exact, rtol=0, atol=1e-12)


def test_biases_are_cut_with_the_weights() -> None:
    """Scores are those of ``[x; 1]`` and the best matrices of rank 3 of ``[W_Q b_Q]ᵀ [W_K b_K]``."""
    x = torch.randn(2, 12, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    full, cut = biased(case_of("sdpa", rank=None, provider="torch")), biased(case_of())
    q, k = (
        torch.cat([projection.weight, projection.bias[:, None]], dim=1).detach().unflatten(0, (2, 8))
        for projection in (full.q, full.k)
    )
    u, s, vh = torch.linalg.svd(q.mT @ k)
    best = (u[..., :3] * s[:, None, :3]) @ vh[:, :3]
    with_one = torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)[:, None]

    torch.testing.assert_close(scores(cut, 3, x), with_one @ best @ with_one.mT, rtol=0, atol=1e-12)
