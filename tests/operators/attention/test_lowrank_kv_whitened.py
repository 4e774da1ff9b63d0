"""What is particular to key and value projections that are factored for the data they read."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload


def case_of(operator: str = "lowrank_kv_whitened", rank: int | None = 5, **changes: Any) -> Case:
    shape: dict[str, Any] = {"seq_len": 24, "num_heads": 4, "head_dim": 4, "hidden_size": 16, "rank": rank}
    return Case(**{**shape, "operator": operator, "scope": "layer", "dtype": "float64", "batch_size": 1, **changes})


def exact_case(**changes: Any) -> Case:
    return case_of("sdpa", rank=None, provider="torch", **changes)


def lost(operator: str, name: str) -> torch.Tensor:
    """What keys, or values, lose: ``‖X (W - B A)ᵀ‖``."""
    exact, found = workload.build(exact_case()), workload.build(case_of(operator))
    first, second = getattr(found.module, name)
    change = getattr(exact.module, name).weight - second.weight @ first.weight
    return torch.linalg.matrix_norm(exact.inputs["x"].flatten(0, 1) @ change.detach().mT)


@pytest.mark.parametrize("name", ["k", "v"])
def test_keys_and_values_lose_their_smallest_singular_values_and_no_more(name: str) -> None:
    """Eckart–Young, of the products and not of the weights: SVD-LLM, arXiv 2403.07378, theorem 3.2."""
    exact = workload.build(exact_case())
    products = exact.inputs["x"].flatten(0, 1) @ getattr(exact.module, name).weight.detach().mT
    least = torch.linalg.svdvals(products)[5:].square().sum().sqrt()

    torch.testing.assert_close(lost("lowrank_kv_whitened", name), least, rtol=1e-6, atol=0)
    assert lost("lowrank_kv", name) > 1.01 * least


def test_fewer_tokens_than_channels_are_no_fault() -> None:
    """Their second moment is singular."""
    few = {"seq_len": 3}

    exact = workload.build(exact_case(**few)).call()
    torch.testing.assert_close(workload.build(case_of(rank=3, **few)).call(), exact, rtol=0, atol=1e-4)


def test_a_drawn_model_has_nothing_to_be_fitted_to() -> None:
    case = case_of(scope="model", layers=2)

    reason = operators.load("lowrank_kv_whitened").unsupported(case)
    assert reason == "lowrank_kv_whitened factors weights for what they read, and these are drawn; name a model"
