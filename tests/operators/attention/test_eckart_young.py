"""No matrix of rank r is nearer to A than Eckart–Young's: on no input may an operator that it binds beat it."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import inputs, reference

BOUND = (
    "uniform",
    "svd_oracle",
    "linformer",
    "linformer_least_squares",
    "nystrom",
    "nystrom_pinv",
    "nystrom_ridge",
    "nystrom_lifted",
    "agent",
    "performer",
    "linear_elu",
    "efficient",
    "cosformer",
)
INPUTS = ("iid", "iid_x4", "seed_scale", "smooth", "blocks", "sink", "needle")
ROUNDING = 1e-9  # the exact inverse loses digits on an ill-conditioned F2


@pytest.mark.parametrize("input_name", INPUTS)
@pytest.mark.parametrize("name", BOUND)
def test_no_operator_beats_the_bound(name: str, input_name: str) -> None:
    for rank in (4, 16, 48):
        operator = operators.load(name)
        case = Case(operator=name, seq_len=64, num_heads=2, head_dim=16, hidden_size=32, input=input_name)
        case = case.replace(rank=rank if operator.has_rank else None)
        tensors = inputs.load(input_name).tensors(case)
        q, k = tensors["q"], tensors["k"]
        exact = reference.attention_matrix(q, k)
        attend = operator.build(case, torch.Generator().manual_seed(0))

        error = reference.relative_error(reference.operator_matrix(attend, q, k), exact)

        bound_rank = operator.matrix_rank(case)
        bound = reference.hardness(exact[0], (bound_rank,)).eckart_young_error[bound_rank]
        assert error >= bound - ROUNDING


@pytest.mark.parametrize("input_name", INPUTS)
def test_least_squares_lies_between_the_bound_and_the_mean(input_name: str) -> None:
    case = Case(operator="-", seq_len=64, num_heads=1, head_dim=16, hidden_size=16, rank=16, input=input_name)
    tensors = inputs.load(input_name).tensors(case)
    q, k = tensors["q"], tensors["k"]
    exact = reference.attention_matrix(q, k)

    least_squares, mean = (
        reference.relative_error(
            reference.operator_matrix(operators.load(name).build(case, torch.Generator()), q, k), exact
        )
        for name in ("linformer_least_squares", "linformer")
    )

    bound = reference.hardness(exact[0], (16,)).eckart_young_error[16]
    assert bound - ROUNDING <= least_squares <= mean + ROUNDING
