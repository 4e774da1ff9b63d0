"""Film sentences: the published split, the baselines of the first results."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.case import Case
from bench.measure.tasks.film_sentences import TASK

SOURCES = ("film_sentences",)
pytestmark = pytest.mark.usefixtures("fetched")


def test_a_small_transformer_has_all_sentences(case: Callable[..., Case]) -> None:
    data = TASK.data(case("film_sentences", 64))

    assert (len(data.train), len(data.validation), len(data.test)) == (8566, 1000, 1000)
    assert (data.outputs, data.features) == (2, 0)
    assert 10_000 < data.vocabulary <= 20_000


def test_a_pretrained_model_has_fewer_to_learn_from_and_the_same_test(case: Callable[..., Case]) -> None:
    small, large = TASK.splits(case("film_sentences", 64)), TASK.splits(case("film_sentences", 64, "minilm"))

    assert (len(large.train), len(large.validation)) == (4000, 1000)
    assert large.test.samples == small.test.samples


def test_no_sentence_is_in_two_splits(case: Callable[..., Case]) -> None:
    splits = TASK.splits(case("film_sentences", 64))
    texts = [*splits.train.samples, *splits.validation.samples, *splits.test.samples]

    assert len({str(text) for text in texts}) == len(texts) == 10_566


@pytest.mark.slow
@pytest.mark.parametrize(("model", "linear"), [("minilm", 0.752), (None, 0.798)])
def test_a_bag_of_words_does_what_it_did_at_first(
    case: Callable[..., Case], model: str | None, linear: float
) -> None:
    """Of 4,000 and of all sentences, on 1,000 (2,000) of another draw: both have a standard error of 1.3 points."""
    baselines = TASK.baselines(case("film_sentences", 64, model))

    assert baselines["linear"] == pytest.approx(linear, abs=3 * 2**0.5 * 0.013)
    assert baselines["majority"] == pytest.approx(0.5, abs=3 * 0.016)
