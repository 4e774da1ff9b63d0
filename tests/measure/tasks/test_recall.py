"""Recall can be done by who connects the two places of a key, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from bench.case import Case
from bench.measure.tasks._data import IGNORED, Data, Samples
from bench.measure.tasks.recall import TASK

SEQ_LEN, PAIRS, SYMBOLS = 64, 16, 129


@pytest.fixture(scope="module")
def data(case: Callable[..., Case]) -> Data:
    return TASK.data(case("recall", SEQ_LEN))


def windows(samples: Samples) -> torch.Tensor:
    """Gives the two symbols of each token, ``[N, n, 2]``."""
    return samples.inputs(torch.arange(len(samples)))[0].unflatten(-1, (2, SYMBOLS)).argmax(-1)


def symbols(samples: Samples) -> torch.Tensor:
    return windows(samples)[..., 1]


def asked(samples: Samples) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gives, of each key in the order of the pairs, its place in the second part and its value: ``[N, 16]`` each."""
    found = symbols(samples)
    keys, values = found[:, 0 : 2 * PAIRS : 2], found[:, 1 : 2 * PAIRS : 2]
    places = (found[:, None, 2 * PAIRS :] == keys[..., None]).int().argmax(-1) + 2 * PAIRS
    return keys, places, values


def test_splits_have_their_sizes(data: Data) -> None:
    assert (len(data.train), len(data.validation), len(data.test)) == (20_000, 500, 500)
    assert (data.outputs, data.vocabulary, data.features) == (SYMBOLS, 0, 2 * SYMBOLS)


def test_no_sample_is_in_two_splits(data: Data) -> None:
    every = torch.cat([symbols(samples) for samples in (data.train, data.validation, data.test)])

    assert len(every.unique(dim=0)) == len(every)


def test_the_answer_at_a_key_is_what_stood_beside_it(data: Data) -> None:
    _, places, values = asked(data.test)

    assert torch.equal(data.test.targets.gather(1, places), values)
    assert (data.test.targets != IGNORED).sum(1).eq(PAIRS).all()


def test_an_answer_stands_in_one_place_only(data: Data) -> None:
    found, (_, _, values) = symbols(data.test), asked(data.test)

    assert (found[:, None] == values[..., None]).sum(-1).eq(1).all()
    assert (found[:, 2 * PAIRS :] < 65).all()  # no value after the pairs


def test_a_key_stands_in_two_places(data: Data) -> None:
    found, (keys, _, _) = symbols(data.test), asked(data.test)

    assert (found[:, None] == keys[..., None]).sum(-1).eq(2).all()


def test_any_value_of_the_sample_is_right_as_often_as_chance_says(data: Data, case: Callable[..., Case]) -> None:
    _, _, values = asked(data.test)
    right = [(data.test.targets == values[:, pair, None]).sum() / (500 * PAIRS) for pair in range(PAIRS)]

    assert right == pytest.approx([1 / PAIRS] * PAIRS)
    assert TASK.baselines(case("recall", SEQ_LEN)) == {"majority": 1 / PAIRS}


def test_where_a_key_is_asked_says_nothing_about_its_pair(data: Data) -> None:
    """The n-th key that is asked is the m-th pair's in one of 16 of 20,000; the widest of 256 counts is 4 σ."""
    _, places, _ = asked(data.train)
    order = places.argsort(dim=1)
    shares = torch.nn.functional.one_hot(order, PAIRS).double().mean(0)

    assert (shares - 1 / PAIRS).abs().max() < 4 * (1 / PAIRS * (1 - 1 / PAIRS) / 20_000) ** 0.5


def test_a_key_says_nothing_about_its_value(data: Data) -> None:
    """Keys and values in 4 by 8 classes: χ² of 320,000 pairs has 21 degrees of freedom, deviation √42."""
    keys, _, values = asked(data.train)
    rows, columns = (keys.flatten() - 1) // 16, (values.flatten() - 65) // 8
    counts = torch.bincount(rows * 8 + columns, minlength=32).reshape(4, 8).double()
    expected = counts.sum(1, keepdim=True) * counts.sum(0, keepdim=True) / counts.sum()

    assert ((counts - expected) ** 2 / expected).sum() < 21 + 5 * 42**0.5


def test_a_token_is_a_symbol_and_the_one_before_it(data: Data) -> None:
    found = windows(data.test)

    assert (found[:, 0, 0] == 0).all()
    assert torch.equal(found[:, 1:, 0], found[:, :-1, 1])


def test_tokens_have_a_mean_square_of_1(data: Data) -> None:
    tokens, mask = data.test.inputs(torch.arange(5))

    assert mask is None
    torch.testing.assert_close(tokens.square().mean(-1), torch.ones(5, SEQ_LEN))


def test_samples_are_the_same_every_time(data: Data, case: Callable[..., Case]) -> None:
    again = TASK.data(case("recall", SEQ_LEN))

    assert torch.equal(symbols(data.test), symbols(again.test))


@pytest.mark.parametrize(("seq_len", "pairs"), [(16, 4), (100, 25), (256, 64)])
def test_pairs_grow_with_the_length(case: Callable[..., Case], seq_len: int, pairs: int) -> None:
    test = TASK.data(case("recall", seq_len)).test

    assert len(test) == 8000 // pairs
    assert (test.targets != IGNORED).sum(1).eq(pairs).all()


@pytest.mark.parametrize("seq_len", [15, 257])
def test_other_lengths_are_told(case: Callable[..., Case], seq_len: int) -> None:
    reason = TASK.unsupported(case("recall", seq_len))

    assert reason == f"seq_len {seq_len} asked for; recall has 16 to 256 tokens"
