"""What a user did wrong, in one line that names the remedy."""

from __future__ import annotations

import pytest

from bench.errors import BenchError, ComparisonError, StoreError, UsageError, nearest


def test_a_message_says_where_what_and_what_would_be_right() -> None:
    error = UsageError("s.yaml:3:7", "unknown operator 'sdpaa'", "did you mean 'sdpa'?")

    assert str(error) == "s.yaml:3:7: unknown operator 'sdpaa'; did you mean 'sdpa'?"
    assert (error.where, error.found, error.right) == (
        "s.yaml:3:7",
        "unknown operator 'sdpaa'",
        "did you mean 'sdpa'?",
    )


def test_without_a_remedy_no_semicolon_dangles() -> None:
    assert str(UsageError("here", "nothing")) == "here: nothing"


@pytest.mark.parametrize(("kind", "code"), [(UsageError, 2), (ComparisonError, 4), (StoreError, 5)])
def test_each_class_has_its_exit_code(kind: type[BenchError], code: int) -> None:
    assert kind("a", "b").exit_code == code


def test_a_near_word_is_offered() -> None:
    assert nearest("linfomer", ["sdpa", "linformer"]) == "did you mean 'linformer'?"


def test_with_none_near_all_valid_words_are_told() -> None:
    assert nearest("zzz", ["sdpa", "linformer"]) == "valid: linformer, sdpa"


def test_where_nothing_is_valid_that_is_said() -> None:
    assert nearest("zzz", []) == "nothing is valid here"
