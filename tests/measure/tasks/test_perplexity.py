"""Perplexity: excerpts in one split only, as many test tokens at every length."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from bench.case import Case
from bench.data.models import smollm2
from bench.measure.tasks._data import Data
from bench.measure.tasks.perplexity import TASK

SOURCES = ("documents", "smollm2")
pytestmark = [pytest.mark.usefixtures("fetched"), pytest.mark.slow]


@pytest.fixture(scope="module")
def data(fetched: None, case: Callable[..., Case]) -> Data:
    return TASK.data(case("perplexity", 256, "smollm2"))


@pytest.mark.parametrize("seq_len", [64, 256, 1024])
def test_the_test_has_8192_tokens(case: Callable[..., Case], seq_len: int) -> None:
    targets = TASK.data(case("perplexity", seq_len, "smollm2")).test.targets

    assert tuple(targets.shape) == (8192 // seq_len, seq_len)


def test_most_excerpts_are_for_training(data: Data) -> None:
    """116, 8 and 16 excerpts of about 1,200 tokens."""
    assert len(data.train) == pytest.approx(116 * 1200 / 256, rel=0.2)
    assert len(data.validation) == pytest.approx(8 * 1200 / 256, rel=0.2)


def test_no_window_is_in_two_splits(data: Data) -> None:
    train, validation, test = (
        {row.numpy().tobytes() for row in part.targets} for part in (data.train, data.validation, data.test)
    )

    assert not train & validation
    assert not (train | validation) & test


def test_a_window_asks_for_the_token_after_each(data: Data) -> None:
    inputs, mask = data.test.inputs(torch.arange(len(data.test)))

    assert mask is None
    assert torch.equal(inputs[:, 1:], data.test.targets[:, :-1])


def test_the_unigram_knows_more_than_nothing_and_less_than_the_model(case: Callable[..., Case]) -> None:
    """The model has about 67 after up to 1,024 tokens; who knows nothing has the vocabulary."""
    (name, value), *others = TASK.baselines(case("perplexity", 1024, "smollm2")).items()

    assert name == "linear"
    assert not others
    assert 300 < value < smollm2.VOCABULARY


def test_the_model_is_as_surprised_as_it_was_at_first(case: Callable[..., Case]) -> None:
    """66.7 on the first 1,024 tokens of four other excerpts, which differ by half of that among themselves."""
    network = smollm2.load()

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return network.logits(network(ids))

    scores = TASK.evaluate(Logits(), TASK.data(case("perplexity", 1024, "smollm2")).test)
    assert abs(math.log(TASK.value(scores) / 66.7)) < 0.5
