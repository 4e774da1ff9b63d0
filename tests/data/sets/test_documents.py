"""The documents are those of the standard splits, the characters those that were counted."""

from __future__ import annotations

import collections
import math
import statistics
import string

import pytest

from bench.data.sets import documents

pytestmark = pytest.mark.usefixtures("fetched")


@pytest.mark.parametrize(
    ("name", "sizes", "classes"), [("20newsgroups", (11_293, 7528), 20), ("reuters-r8", (5485, 2189), 8)]
)
def test_parts_have_the_published_sizes(name: str, sizes: tuple[int, int], classes: int) -> None:
    parts = documents.split(name)

    # Cardoso-Cachopo's tables: "20 Newsgroups", "R8"
    assert (len(parts["train"]), len(parts["test"])) == sizes
    assert parts["train"].classes == parts["test"].classes
    assert {len(part.classes) for part in parts.values()} == {classes}


def test_a_post_has_162_words_in_the_median_and_a_tenth_over_482() -> None:
    lengths = [len(str(text).split()) for text in documents.split("20newsgroups")["train"].samples]

    assert statistics.median(lengths) == 162
    assert statistics.quantiles(lengths, n=10)[-1] == pytest.approx(482, abs=1)


def test_half_of_r8_is_about_earnings() -> None:
    test = documents.split("reuters-r8")["test"]

    assert round(float((test.labels == test.classes.index("earn")).mean()), 2) == 0.49


def test_other_documents_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^there are no documents 'r9'; 20newsgroups and reuters-r8 are there$"):
        documents.split("r9")


def test_book_excerpts_are_prose_of_about_900_words_that_has_lost_its_commas_and_full_stops() -> None:
    excerpts = documents.book_excerpts()

    assert len(excerpts) == 140
    assert statistics.mean(len(text.split()) for text in excerpts) == pytest.approx(900, rel=0.1)
    assert all(text != text.lower() for text in excerpts)
    assert not any(mark in text for text in excerpts for mark in ',."')


def test_characters_are_letters_spaces_and_newlines() -> None:
    texts = documents.characters()

    assert {part: round(len(text) / 1e6, 2) for part, text in texts.items()} == {"train": 4.25, "test": 1.51}
    assert set(texts["train"]) == set(texts["test"]) == {*string.ascii_lowercase, " ", "\n"}


def test_a_character_costs_4_13_bits_by_its_frequency() -> None:
    texts = documents.characters()
    train, test = (collections.Counter(texts[part]) for part in ("train", "test"))

    bits = sum(n * -math.log2(train[x] / train.total()) for x, n in test.items()) / test.total()
    assert round(bits, 2) == 4.13


def test_no_document_of_the_characters_is_in_both_parts() -> None:
    texts = documents.characters()

    assert not set(texts["train"].split("\n")) & set(texts["test"].split("\n"))
