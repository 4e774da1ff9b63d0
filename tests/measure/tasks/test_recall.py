"""Recall can be done by who connects the two places of a key, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from bench.case import Case
from bench.measure.tasks._data import IGNORED, Data, Samples
from bench.measure.tasks.recall import TASK

SEQ_LEN, PAIRS = 64, 8


@pytest.fixture(scope="module")
def data(case: Callable[..., Case]) -> Data:
    return TASK.data(case("recall", SEQ_LEN))


def tokens(samples: Samples) -> torch.Tensor:
    return samples.inputs(torch.arange(len(samples)))[0]


def asked(samples: Samples) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gives, of each key in the order of the pairs, its place in the second part and its value: ``[N, 8]`` each."""
    found = tokens(samples)
    keys, values = found[:, 1 : 2 * PAIRS : 2], found[:, 2 : 2 * PAIRS + 1 : 2]
    places = (found[:, None, 2 * PAIRS + 1 :] == keys[..., None]).int().argmax(-1) + 2 * PAIRS + 1
    return keys, places, values


def test_splits_have_their_sizes(data: Data) -> None:
    assert (len(data.train), len(data.validation), len(data.test)) == (20_000, 500, 1000)
    assert (data.outputs, data.vocabulary, data.features) == (512, 512, 0)


def test_no_sample_is_in_two_splits(data: Data) -> None:
    every = torch.cat([tokens(samples) for samples in (data.train, data.validation, data.test)])

    assert len(every.unique(dim=0)) == len(every)


def test_the_answer_at_a_key_is_what_stood_beside_it(data: Data) -> None:
    _, places, values = asked(data.test)

    assert torch.equal(data.test.targets.gather(1, places), values)
    assert (data.test.targets != IGNORED).sum(1).eq(PAIRS).all()


def test_an_answer_stands_in_one_place_only(data: Data) -> None:
    found, (_, _, values) = tokens(data.test), asked(data.test)

    assert (found[:, None] == values[..., None]).sum(-1).eq(1).all()
    assert (found[:, 2 * PAIRS + 1 :] < 256).all()  # no value after the pairs


def test_a_key_stands_in_two_places(data: Data) -> None:
    found, (keys, _, _) = tokens(data.test), asked(data.test)

    assert (found[:, None] == keys[..., None]).sum(-1).eq(2).all()


def test_any_value_of_the_sample_is_right_as_often_as_chance_says(data: Data, case: Callable[..., Case]) -> None:
    _, _, values = asked(data.test)
    right = [(data.test.targets == values[:, pair, None]).sum() / (1000 * PAIRS) for pair in range(PAIRS)]

    assert right == pytest.approx([1 / PAIRS] * PAIRS)
    assert TASK.baselines(case("recall", SEQ_LEN)) == {"majority": 1 / PAIRS}


def test_where_a_key_is_asked_says_nothing_about_its_pair(data: Data) -> None:
    """The n-th key that is asked is the m-th pair's in one of 8 of 20,000 samples; the widest of 64 counts is 4 σ."""
    _, places, _ = asked(data.train)
    order = places.argsort(dim=1)
    shares = torch.nn.functional.one_hot(order, PAIRS).double().mean(0)

    assert (shares - 1 / PAIRS).abs().max() < 4 * (1 / PAIRS * (1 - 1 / PAIRS) / 20_000) ** 0.5


def test_a_key_says_nothing_about_its_value(data: Data) -> None:
    """Keys and values in 5 by 8 classes: χ² of 160,000 pairs has 28 degrees of freedom, deviation √56."""
    keys, _, values = asked(data.train)
    rows, columns = (keys.flatten() - 1) // 51, (values.flatten() - 256) // 32
    counts = torch.bincount(rows * 8 + columns, minlength=40).reshape(5, 8).double()
    expected = counts.sum(1, keepdim=True) * counts.sum(0, keepdim=True) / counts.sum()

    assert ((counts - expected) ** 2 / expected).sum() < 28 + 5 * 56**0.5


def test_no_pair_is_what_pooling_two_tokens_gives(data: Data) -> None:
    assert (tokens(data.test)[:, 0] == 0).all()


def test_samples_are_the_same_every_time(data: Data, case: Callable[..., Case]) -> None:
    again = TASK.data(case("recall", SEQ_LEN))

    assert torch.equal(tokens(data.test), tokens(again.test))


@pytest.mark.parametrize(("seq_len", "pairs"), [(16, 2), (100, 12), (512, 64)])
def test_pairs_grow_with_the_length(case: Callable[..., Case], seq_len: int, pairs: int) -> None:
    test = TASK.data(case("recall", seq_len)).test

    assert len(test) == 8000 // pairs
    assert (test.targets != IGNORED).sum(1).eq(pairs).all()


@pytest.mark.parametrize("seq_len", [15, 2041])
def test_other_lengths_are_told(case: Callable[..., Case], seq_len: int) -> None:
    reason = TASK.unsupported(case("recall", seq_len))

    assert reason == f"seq_len {seq_len} asked for; recall has 16 to 2040 tokens"
