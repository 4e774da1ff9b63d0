from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.finding import Finding, against, difference_words, ratio_words, shape_words, share_words


def test_an_interval_that_holds_one_shows_no_difference_where_it_is_narrow():
    assert difference_words(1.01, 0.98, 1.05) == "no difference seen (±5 %)"
    assert difference_words(0.6, 0.3, 1.2) == "0.6 [0.3, 1.2], not decided"


def test_an_interval_beside_one_is_a_difference():
    assert difference_words(1.3, 1.2, 1.4) == "1.3 [1.2, 1.4]"


def test_without_an_interval_nothing_is_claimed():
    assert difference_words(1.3, np.nan, np.nan) == "1.3, in too few rounds for an interval"


def test_a_row_is_told_by_its_ratio():
    row = pd.Series({"latency_ratio": 0.5, "latency_ratio_ci_low": 0.45, "latency_ratio_ci_high": 0.55})

    assert (ratio_words(row), against(row)) == ("0.5 [0.45, 0.55]", "0.5 [0.45, 0.55]")


@pytest.mark.parametrize(("share", "words"), [(1.001, "the same"), (0.25, "0.25 of its"), (2.1, "2.1 times its")])
def test_a_share_is_told_as_people_say_it(share, words):
    assert share_words(share) == words


def test_a_shape_names_the_place(make_row):
    assert shape_words(pd.Series(make_row("sdpa", 1024))) == "core/forward n=1024 d=512 cpu"


def test_a_topic_that_no_page_prints_is_refused():
    with pytest.raises(ValueError, match="unknown topic 'tasks'"):
        Finding("tasks", "", "Something.", (), {})
