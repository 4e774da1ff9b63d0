"""20 Newsgroups: the split by date without its twins, and a bag of words that is hard to beat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.case import Case
from bench.measure.tasks.documents import TASK

SOURCES = ("documents",)
pytestmark = [pytest.mark.usefixtures("fetched"), pytest.mark.slow]


def test_no_message_is_in_two_splits(case: Callable[..., Case]) -> None:
    splits = TASK.splits(case("documents", 128))
    train, validation, test = (
        {str(text) for text in part.samples} for part in (splits.train, splits.validation, splits.test)
    )

    assert (len(splits.validation), len(splits.test)) == (1000, 7528)
    assert not train & validation
    assert not (train | validation) & test


def test_every_part_has_every_group(case: Callable[..., Case]) -> None:
    """The file has a group after the other: a part that is cut off without shuffling has not."""
    splits = TASK.splits(case("documents", 128, "minilm"))

    assert (len(splits.train), len(splits.test)) == (4000, 1000)
    for part in (splits.train, splits.validation, splits.test):
        assert np.bincount(part.labels, minlength=20).min() > len(part) / 60


def test_a_bag_of_words_does_what_it_did_at_first(case: Callable[..., Case]) -> None:
    """0.844 of 7,528: standard error 0.4 points."""
    baselines = TASK.baselines(case("documents", 128))

    assert baselines["linear"] == pytest.approx(0.844, abs=3 * 0.0042)
    assert baselines["majority"] < 0.06
