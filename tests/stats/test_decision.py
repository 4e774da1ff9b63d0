"""What paired log-ratios let one say, and how many more pairs are asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.stats.decision import decide

SPREAD = np.array([-0.009, -0.005, -0.003, -0.001, 0.001, 0.003, 0.005, 0.009])


def test_a_whole_interval_above_the_margin_is_slower() -> None:
    found = decide(math.log(1.1) + SPREAD, 0.02)

    assert found.word == "slower"
    assert found.ratio.centre == pytest.approx(1.1)
    assert found.p_slower == 2**-8


def test_turning_base_and_head_round_turns_the_word_round() -> None:
    found = decide(-(math.log(1.1) + SPREAD), 0.02)

    assert (found.word, found.p_faster) == ("faster", 2**-8)


def test_a_whole_interval_within_the_margin_is_the_same() -> None:
    assert decide(SPREAD, 0.02).word == "same"


def test_a_change_that_is_sure_and_smaller_than_the_margin_is_the_same() -> None:
    assert decide(math.log(1.01) + SPREAD / 10, 0.02).word == "same"


def test_an_interval_over_the_edge_is_open_and_says_how_many_more_pairs_would_decide() -> None:
    """Half the width is 0.0050 and the edge 0.0029 away: (0.0050 / 0.0029)² = 2.9 times as many, 15 or 16 more."""
    found = decide(math.log(1.023) + SPREAD, 0.02)

    assert found.word == "open"
    assert found.more_rounds in (15, 16)


def test_on_the_very_edge_no_number_of_pairs_would_decide() -> None:
    assert decide(math.log(1.02) + SPREAD, 0.02).more_rounds is None


def test_too_few_pairs_decide_nothing_and_say_what_is_missing() -> None:
    found = decide([0.5, 0.5], 0.02)

    assert (found.word, found.more_rounds) == ("few", 4)


def test_without_a_pair_there_is_nothing() -> None:
    found = decide([], 0.02)

    assert (found.word, found.ratio.count, found.more_rounds) == ("few", 0, 6)
