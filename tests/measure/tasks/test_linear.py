"""Baselines learn from the train split and are judged on the test split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.data.sets._labelled import Labelled
from bench.measure.tasks._linear import accuracy, bag_of_words, logistic, majority
from bench.measure.tasks._splits import Splits


def part(samples: Any, labels: list[int]) -> Labelled:
    return Labelled(samples, np.array(labels), ("bad", "good"))


def test_the_most_common_class_is_that_of_the_train_split() -> None:
    train, test = part(["a"] * 4, [1, 1, 1, 0]), part(["b"] * 4, [0, 0, 0, 1])

    assert majority(Splits(train, train, test)) == 0.25


def test_a_bag_of_words_learns_which_words_tell() -> None:
    train = part(["a fine film", "a dull film", "fine music", "dull music"] * 5, [1, 0, 1, 0] * 5)
    test = part(["how fine", "how dull"], [1, 0])

    assert accuracy(bag_of_words(), Splits(train, train, test)) == 1.0


def test_two_words_tell_what_neither_does_alone() -> None:
    """Either with or without "not": no weights of the three words alone are right in all four."""
    train = part(["not good", "not bad", "good", "bad"] * 5, [0, 1, 1, 0] * 5)
    test = part(["not good", "not bad", "good", "bad"], [0, 1, 1, 0])

    assert accuracy(bag_of_words(), Splits(train, train, test)) == 1.0


def test_logistic_regression_takes_the_features_that_it_is_told() -> None:
    def loudness(samples: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.array([[sample.std()] for sample in samples])

    rng = np.random.default_rng(0)
    clips = [rng.normal(scale=1 + 9 * (number % 2), size=50 + number) for number in range(40)]
    labels = [number % 2 for number in range(40)]
    splits = Splits(part(clips[:30], labels[:30]), part(clips[:1], labels[:1]), part(clips[30:], labels[30:]))

    assert accuracy(logistic(loudness, strength=1.0), splits) == 1.0


@pytest.mark.parametrize(("strength", "expected"), [(1e-3, 1.0), (1e6, 0.5)])
def test_a_strong_penalty_leaves_the_most_common_answer(strength: float, expected: float) -> None:
    """With weights near zero the intercept decides, which the penalty leaves alone: 12 of 20 are of class 1."""
    numbers = np.array([[0.0]] * 8 + [[1.0]] * 12)
    train, test = part(numbers, [0] * 8 + [1] * 12), part(np.array([[0.0], [1.0]]), [0, 1])

    assert accuracy(logistic(np.asarray, strength=strength), Splits(train, train, test)) == expected
