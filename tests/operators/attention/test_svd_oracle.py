"""The oracle is Eckart–Young's bound itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.data import models
from bench.measure import inputs, passes, reference, workload
from bench.measure.metrics import error

RANKS = (1, 2, 4, 8, 16, 23, 24)


def errors(attend: Callable[..., Any], qkv: Callable[..., Any]) -> tuple[torch.Tensor, list[float]]:
    q, k, _ = qkv()
    exact = reference.attention_matrix(q, k)
    return exact, [
        reference.relative_error(reference.operator_matrix(attend("svd_oracle", r), q, k), exact) for r in RANKS
    ]


def test_error_falls_as_rank_grows(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    _, found = errors(attend, qkv)

    assert all(larger > smaller for larger, smaller in itertools.pairwise(found))


def test_error_equals_eckart_young(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    exact, found = errors(attend, qkv)

    bound = reference.hardness(exact[0], RANKS).eckart_young_error
    assert found == pytest.approx([bound[r] for r in RANKS], abs=1e-13)


@pytest.mark.parametrize("operator", ["svd_oracle", "svd_output"])
def test_queries_that_are_not_there_take_no_direction(
    operator: str, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """A padded sample is decomposed as it would be alone."""
    q, k, v = qkv()
    there = torch.arange(q.shape[-2])[None] < q.shape[-2] // 2
    alone = attend(operator, 3)(*(x[..., : q.shape[-2] // 2, :] for x in (q, k, v)))

    padded = attend(operator, 3)(q, k, v, there)

    assert torch.allclose(padded[..., : alone.shape[-2], :], alone, rtol=0, atol=1e-12)
    assert not padded[..., alone.shape[-2] :, :].any()


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_of_a_padded_sample_the_error_is_the_bound_too(rank: int) -> None:
    shape = {"seq_len": 32, "hidden_size": 32, "num_heads": 2, "head_dim": 16}
    case = Case(operator="svd_oracle", rank=rank, mask="padding", **shape)
    bound = passes.run("hardness", case, {"ranks": [rank]})["eckart_young"][str(rank)]

    assert error.measure(workload.build(case))["attention_rel_error"] == pytest.approx(bound, rel=1e-9)


@pytest.mark.parametrize("operator", ["svd_oracle", "svd_output"])
def test_a_layer_of_padded_samples_is_exact_at_full_rank(operator: str) -> None:
    shape = {"seq_len": 32, "hidden_size": 32, "num_heads": 2, "head_dim": 16, "batch_size": 2}
    case = Case(operator=operator, scope="layer", rank=32, mask="padding", **shape)

    assert error.measure(workload.build(case))["output_rel_error"] < 1e-12


def test_rank_above_the_tokens_is_refused() -> None:
    case = Case(operator="svd_oracle", seq_len=32, num_heads=1, head_dim=8, hidden_size=8, rank=64)

    reason = operators.load("svd_oracle").unsupported(case)

    assert reason == "svd_oracle has at most 32 singular values and rank is 64"


@pytest.mark.slow
@pytest.mark.parametrize("model", ["minilm", "dinov2", "whisper"])
def test_on_real_data_more_rank_is_never_worse_and_all_of_it_is_exact(model: str) -> None:
    """A network of text, of images, of sound; 65 tokens, as many as the smallest image has."""
    member, fed_with = models.load(model), inputs.load(f"captured_{model}")
    case = Case(
        operator="svd_oracle",
        seq_len=65,
        num_heads=member.NUM_HEADS,
        head_dim=member.HEAD_DIM,
        hidden_size=member.HIDDEN_SIZE,
        input=f"captured_{model}",
    )
    if reason := fed_with.absent(case):
        pytest.skip(reason)
    ranks = (1, 2, 4, 8, 16, 32, 64, 65)
    found = [error.measure(workload.build(case.replace(rank=rank))) for rank in ranks]

    for name in ("attention_rel_error", "output_rel_error"):
        assert found[-1][name] < 1e-12  # float64, 65 singular values
    matrix = [each["attention_rel_error"] for each in found]
    assert all(larger > smaller for larger, smaller in itertools.pairwise(matrix))
    assert matrix[0] > 0.05  # it is no matrix of rank 1
