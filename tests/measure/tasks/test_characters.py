"""Characters: windows that share none, and what counting alone makes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from bench.case import Case
from bench.data.sets import documents
from bench.measure.tasks._data import Data
from bench.measure.tasks.characters import TASK

SOURCES = ("documents",)
pytestmark = [pytest.mark.usefixtures("fetched"), pytest.mark.slow]


@pytest.fixture(scope="module")
def data(fetched: None, case: Callable[..., Case]) -> Data:
    return TASK.data(case("characters", 128))


def test_splits_have_their_sizes(data: Data) -> None:
    assert (len(data.validation), len(data.test)) == (500, 1024)
    assert len(data.train) + 500 == pytest.approx(4.25e6 / 128, rel=0.002)
    assert (data.outputs, data.vocabulary) == (28, 28)


def test_each_window_is_in_the_train_or_the_validation_split_and_in_none_twice(data: Data) -> None:
    """By place: a text says some things more than once."""
    text = documents.characters()["train"]
    number = {symbol: place for place, symbol in enumerate(sorted(set(text)))}
    stream = torch.tensor([number[symbol] for symbol in text])
    every = stream[: (len(stream) - 1) // 128 * 128].view(-1, 128)
    divided = torch.cat([part.inputs(torch.arange(len(part)))[0] for part in (data.train, data.validation)])

    assert sorted(row.numpy().tobytes() for row in divided) == sorted(row.numpy().tobytes() for row in every)


def test_a_window_asks_for_the_character_after_each(data: Data) -> None:
    inputs, _ = data.test.inputs(torch.arange(1024))

    assert torch.equal(inputs[:, 1:], data.test.targets[:, :-1])


def test_the_test_has_as_many_characters_whatever_the_length(case: Callable[..., Case]) -> None:
    assert TASK.data(case("characters", 512)).test.targets.numel() == 131_072


def test_counts_cost_what_they_cost_at_first(case: Callable[..., Case]) -> None:
    """4.13 and 1.66 bits on the whole text, rounded; 1,024 windows have a standard error of 0.0024 and 0.012."""
    baselines = TASK.baselines(case("characters", 128))

    assert baselines["majority"] == pytest.approx(4.13, abs=0.005 + 3 * 0.0024)
    assert baselines["linear"] == pytest.approx(1.66, abs=0.005 + 3 * 0.012)
