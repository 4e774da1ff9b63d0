"""R8: half of it is one class, and words alone tell nearly all of the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.case import Case
from bench.measure.tasks.topics import TASK

SOURCES = ("documents",)
pytestmark = pytest.mark.usefixtures("fetched")


def test_no_piece_of_news_is_in_two_splits(case: Callable[..., Case]) -> None:
    splits = TASK.splits(case("topics", 64, "minilm"))
    train, validation, test = (
        {str(text) for text in part.samples} for part in (splits.train, splits.validation, splits.test)
    )

    assert (len(splits.validation), len(splits.test)) == (1000, 1000)
    assert not train & validation
    assert not (train | validation) & test


@pytest.mark.slow
def test_a_bag_of_words_does_what_it_did_at_first(case: Callable[..., Case]) -> None:
    """0.970 of 2,189, here of 1,000: standard error 0.5 points; 49 % are about earnings."""
    baselines = TASK.baselines(case("topics", 64, "minilm"))

    assert baselines["linear"] == pytest.approx(0.970, abs=3 * 0.0065)
    assert baselines["majority"] == pytest.approx(0.49, abs=3 * 0.016)
