"""No sample is in two splits, and which is in which depends on nothing but the data."""

from __future__ import annotations

import numpy as np

from bench.data.sets._labelled import Labelled
from bench.measure.tasks._splits import Splits, divide, shuffled


def numbered(first: int, last: int) -> Labelled:
    """Texts that are numbers, labelled by whether they are odd."""
    numbers = np.arange(first, last)
    return Labelled([str(number) for number in numbers], numbers % 2, ("even", "odd"))


def texts(labelled: Labelled) -> list[str]:
    return [str(sample) for sample in labelled.samples]


def sizes(splits: Splits) -> tuple[int, int, int]:
    return len(splits.train), len(splits.validation), len(splits.test)


def test_validation_is_taken_from_the_train_split() -> None:
    splits = divide({"train": numbered(0, 90), "test": numbered(90, 120)}, validation=20)

    assert sizes(splits) == (70, 20, 30)
    assert sorted(map(int, texts(splits.train) + texts(splits.validation))) == list(range(90))
    assert sorted(map(int, texts(splits.test))) == list(range(90, 120))


def test_a_published_validation_split_is_kept() -> None:
    found = {"train": numbered(0, 60), "validation": numbered(60, 90), "test": numbered(90, 120)}

    assert sizes(divide(found, validation=20)) == (60, 30, 30)


def test_a_part_of_them_is_the_beginning_of_the_whole() -> None:
    found = {"train": numbered(0, 90), "test": numbered(90, 120)}
    whole, part = divide(found, validation=20), divide(found, validation=20, train=40, test=10)

    assert sizes(part) == (40, 20, 10)
    assert texts(part.train) == texts(whole.train)[:40]
    assert texts(part.test) == texts(whole.test)[:10]


def test_what_is_also_in_the_test_split_is_not_learnt_from() -> None:
    splits = divide({"train": numbered(0, 90), "test": numbered(80, 120)}, validation=20)

    assert sizes(splits) == (60, 20, 40)
    assert not set(texts(splits.train) + texts(splits.validation)) & set(texts(splits.test))


def test_what_is_also_in_the_validation_split_is_not_learnt_from() -> None:
    twice = Labelled(["a", "a", "a", "b", "c", "d"], np.zeros(6, dtype=np.int64), ("any",))
    splits = divide({"train": twice, "test": numbered(0, 1)}, validation=3)

    assert not set(texts(splits.train)) & set(texts(splits.validation))


def test_pictures_are_told_apart_by_their_pixels() -> None:
    pictures = np.arange(20, dtype=np.uint8).reshape(5, 2, 2)
    train, test = (Labelled(part, np.zeros(len(part), dtype=np.int64), ("any",)) for part in (pictures, pictures[3:]))
    splits = divide({"train": train, "test": test}, validation=1)

    assert sizes(splits) == (2, 1, 2)
    assert isinstance(splits.train.samples, np.ndarray)


def test_labels_stay_with_their_samples() -> None:
    splits = divide({"train": numbered(0, 90), "test": numbered(90, 120)}, validation=20)

    for part in (splits.train, splits.validation, splits.test):
        assert part.labels.tolist() == [int(text) % 2 for text in texts(part)]


def test_the_order_is_random_and_always_the_same() -> None:
    once, again = shuffled(numbered(0, 90)), shuffled(numbered(0, 90))

    assert texts(once) == texts(again) != texts(numbered(0, 90))
