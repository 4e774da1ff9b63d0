"""What is particular to Loki: how many keys it keeps, which, and that those are attended to exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import reference

Attend = Callable[..., Any]


@pytest.mark.parametrize("rank", [1, 8])
def test_it_is_exact_where_every_key_is_kept_whatever_the_rank(rank: int, attend: Attend, qkv: Attend) -> None:
    q, k, v = qkv()

    output = attend("loki", rank, options=(("keep", 1.0),))(q, k, v)

    assert torch.allclose(output, reference.attention(q, k, v), rtol=0, atol=1e-14)


def test_a_query_attends_to_its_share_of_the_keys_rounded_up(attend: Attend, qkv: Attend) -> None:
    q, k, _ = qkv()

    matrix = reference.operator_matrix(attend("loki", 3, options=(("keep", 0.3),)), q, k)

    assert matrix.count_nonzero(dim=-1).unique().tolist() == [8]  # of 24, 7.2


def test_with_every_direction_the_chosen_are_the_largest_logits(attend: Attend, qkv: Attend) -> None:
    """And their weights are softmax's, over the chosen alone."""
    q, k, _ = qkv()
    exact = reference.attention_matrix(q, k)
    largest = exact.where(exact >= exact.topk(6, dim=-1).values[..., -1:], 0.0)

    matrix = reference.operator_matrix(attend("loki", 8), q, k)

    assert torch.allclose(matrix, largest / largest.sum(dim=-1, keepdim=True), rtol=0, atol=1e-14)


def test_padding_changes_nothing_for_the_number_of_keys_is_the_case_s(attend: Attend, qkv: Attend) -> None:
    q, k, v = qkv()
    mask = torch.arange(24)[None] < 17
    k[..., 17:, :] *= 100

    masked = attend("loki", 3, mask="padding")(q, k, v, mask)

    assert torch.allclose(masked, attend("loki", 3)(q, k[..., :17, :], v[..., :17, :]), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rank": 16}, "loki has at most 8 key dimensions and rank is 16"),
        (
            {"options": (("keep", 1.5),)},
            "loki keeps a share of keys above 0 and at most 1 and keep is 1.5",
        ),
        (
            {"options": (("keep", 0.0),)},
            "loki keeps a share of keys above 0 and at most 1 and keep is 0",
        ),
        ({"causal": True}, "loki has no causal form"),
    ],
)
def test_what_has_no_meaning_is_refused(changes: dict[str, Any], said: str) -> None:
    case = Case(operator="loki", seq_len=32, num_heads=1, head_dim=8, hidden_size=8, rank=4)

    assert operators.load("loki").unsupported(case.replace(**changes)) == said
