"""Words become tokens by what the train split has."""

from __future__ import annotations

from bench.measure.tasks._words import Vocabulary

TEXTS = ["The film is good, is it?", "The film isn't."]  # the, film, is twice; good, isn't, it once


def ids(texts: list[str], seq_len: int = 8, most: int = 20_000) -> list[list[int]]:
    return Vocabulary(TEXTS, most).encode(texts, seq_len)[0].tolist()


def test_the_commonest_word_comes_first_and_ties_by_the_alphabet() -> None:
    assert ids(["film is the good isn't it"], 6) == [[2, 3, 4, 5, 6, 7]]


def test_case_and_punctuation_make_no_difference() -> None:
    assert ids(["THE film -- IS!"], 3) == ids(["the film is"], 3)


def test_words_that_were_not_learnt_are_one_token() -> None:
    assert ids(["film noir", "film rouge"], 2) == [[2, 1], [2, 1]]


def test_rare_words_are_that_token_where_the_vocabulary_is_full() -> None:
    assert ids(["film is the good"], 4, most=5) == [[2, 3, 4, 1]]
    assert len(Vocabulary(TEXTS, 5)) == 5


def test_a_long_text_is_cut_and_a_short_one_padded() -> None:
    tokens, mask = Vocabulary(TEXTS).encode(["film is the good", "film"], 3)

    assert tokens.tolist() == [[2, 3, 4], [2, 0, 0]]
    assert mask.tolist() == [[True, True, True], [True, False, False]]


def test_a_text_without_words_has_one_token() -> None:
    tokens, mask = Vocabulary(TEXTS).encode(["?!", ""], 2)

    assert tokens.tolist() == [[1, 0], [1, 0]]
    assert mask.tolist() == [[True, False], [True, False]]
