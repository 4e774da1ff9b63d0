from __future__ import annotations

import torch

from bench.audit.subject import LENGTHS, Subject, distance, given, reason_of, softmax_attention
from bench.measure import reference


def test_sizes_grow_and_hold_every_length() -> None:
    lengths = [case.seq_len for case in Subject("full_naive").sizes(("core",))]

    assert lengths == list(LENGTHS)


def test_a_rank_that_is_larger_than_the_length_is_left_out() -> None:
    tried = [(case.seq_len, case.rank) for case in Subject("linformer").sizes(("core",), lengths=(1, 8))]

    assert tried == [(1, 1), (8, 1), (8, 4)]


def test_the_provider_of_an_operator_is_its_own_unless_told() -> None:
    assert (Subject("sdpa").provider, Subject("sdpa").foreign) == ("torch", False)
    assert Subject("lora", "peft").foreign


def test_the_plain_formula_is_the_reference() -> None:
    tensors = given(Subject("full_naive").case("core"))
    expected = reference.attention(**tensors)

    assert distance(softmax_attention(Subject("full_naive").case("core"), tensors), expected) < 1e-14


def test_a_distance_is_relative_and_nan_where_either_is() -> None:
    assert distance(torch.tensor([1.0, 12.0]), torch.tensor([1.0, 10.0])) == 0.2
    assert distance(torch.tensor([0.5]), torch.tensor([0.0])) == 0.5
    assert distance(torch.tensor([float("nan")]), torch.tensor([1.0])) != 0


def test_the_same_seed_draws_the_same_inputs() -> None:
    case = Subject("full_naive").case("core")

    assert all(torch.equal(a, b) for a, b in zip(given(case).values(), given(case).values(), strict=True))
    assert not torch.equal(given(case)["q"], given(case, seed=1)["q"])


def test_a_reason_is_one_line() -> None:
    assert reason_of(ValueError("a\n b")) == "ValueError: a b"
    assert reason_of(KeyError()) == "KeyError"
