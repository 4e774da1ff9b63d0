"""Transcripts: words that are wrong, counted as everybody counts them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from bench.case import Case
from bench.data.models import whisper
from bench.data.sets import prompts
from bench.measure.tasks._data import Data
from bench.measure.tasks.transcripts import TASK, _edits

SOURCES = ("voices", "prompts", "whisper")


class Says(torch.nn.Module):
    """Hears the same in every clip."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.weight = text, torch.nn.Parameter(torch.zeros(1))

    def transcribe(self, features: torch.Tensor) -> list[str]:
        return [self.text] * len(features)


@pytest.fixture(scope="module")
def data(fetched: None, case: Callable[..., Case]) -> Data:
    return TASK.data(case("transcripts", 1500, "whisper"))


@pytest.mark.parametrize(
    ("heard", "said", "wrong"),
    [
        ("one two three", "one two three", 0),
        ("", "one two three", 3),
        ("one two three", "", 3),
        ("one three", "one two three", 1),
        ("one two two three", "one two three", 1),
        ("one too three", "one two three", 1),
        ("two three one", "one two three", 2),
        ("four five six seven", "one two three", 4),
    ],
)
def test_the_fewest_words_are_changed(heard: str, said: str, wrong: int) -> None:
    assert _edits(heard.split(), said.split()) == wrong


def test_clips_are_heard_in_no_other_length_than_the_model_was_trained_on(case: Callable[..., Case]) -> None:
    assert TASK.unsupported(case("transcripts", 1500, "whisper")) is None
    assert TASK.unsupported(case("transcripts", 400, "whisper")) == (
        "seq_len 400 asked for; whisper writes down clips of 1500 tokens, no others"
    )


@pytest.mark.slow
def test_all_clips_are_for_the_test(data: Data) -> None:
    assert (len(data.train), len(data.validation), len(data.test)) == (0, 0, 82)


@pytest.mark.slow
def test_a_clip_is_as_long_as_it_is_told(data: Data) -> None:
    features, mask = data.test.inputs(torch.arange(2))

    assert tuple(features.shape) == (2, 80, 3000)
    assert mask is None


@pytest.mark.slow
def test_who_hears_nothing_has_every_word_wrong(data: Data, case: Callable[..., Case]) -> None:
    scores = TASK.evaluate(Says(""), data.test)

    assert scores.scores == scores.weights
    assert TASK.value(scores) == TASK.baselines(case("transcripts", 1500, "whisper"))["majority"] == 1.0


@pytest.mark.slow
def test_a_word_that_was_said_is_right_where_it_was_said(data: Data) -> None:
    """Whether it is written in letters or as a number."""
    scores = TASK.evaluate(Says(" 7."), data.test)
    said = [prompts.normal_words(text) for _, text in prompts.clips()]

    assert scores.weights == [len(words) for words in said]
    assert scores.scores == [len(words) - ("seven" in words) for words in said]


@pytest.mark.slow
def test_whisper_hears_as_it_did_at_first(data: Data) -> None:
    """A word error rate of 0.074; of about 150 words the standard error is 2 points."""
    scores = TASK.evaluate(whisper.load(), data.test)

    assert TASK.value(scores) == pytest.approx(0.074, abs=3 * 0.02)
