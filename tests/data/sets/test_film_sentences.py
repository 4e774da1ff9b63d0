"""The sentences are those of the published file, divided once and for all."""

from __future__ import annotations

import statistics

import pytest

from bench.data.sets import film_sentences
from bench.data.sets._labelled import Labelled


@pytest.fixture(scope="module")
def parts(fetched: None) -> dict[str, Labelled]:
    return film_sentences.split()


@pytest.fixture(scope="module")
def sentences(parts: dict[str, Labelled]) -> list[str]:
    return [str(sentence) for part in parts.values() for sentence in part.samples]


def test_parts_have_their_sizes(parts: dict[str, Labelled]) -> None:
    assert {name: len(part) for name, part in parts.items()} == {"train": 8566, "validation": 1000, "test": 1000}


def test_no_sentence_is_there_twice(sentences: list[str]) -> None:
    assert len(set(sentences)) == len(sentences) == 10_566


def test_half_are_positive(parts: dict[str, Labelled]) -> None:
    positive = sum(int(part.labels.sum()) for part in parts.values())

    assert round(positive / 10_566, 3) == 0.496


def test_a_sentence_has_18_words_in_the_median_and_51_at_most(sentences: list[str]) -> None:
    lengths = [len(sentence.split()) for sentence in sentences]

    assert (statistics.median(lengths), max(lengths)) == (18, 51)


def test_the_split_is_the_same_every_time(parts: dict[str, Labelled]) -> None:
    again = film_sentences.split()

    assert all(list(again[name].samples) == list(part.samples) for name, part in parts.items())
