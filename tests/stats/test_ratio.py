import math

import pytest

from bench.stats.ratio import round_latency, round_log_ratio


def test_the_ratio_is_formed_turn_by_turn():
    """The machine is twice as slow in the second turn; the ratio is 3 all the same."""
    case, baseline = {0: 3.0, 1: 6.0, 2: 3.0}, {0: 1.0, 1: 2.0, 2: 1.0}

    assert math.exp(round_log_ratio(case, baseline)) == pytest.approx(3.0)


def test_without_a_shared_turn_there_is_no_ratio():
    assert math.isnan(round_log_ratio({0: 1.0}, {1: 1.0}))


def test_the_latency_is_the_median_over_turns():
    assert round_latency({0: 1.0, 1: 9.0, 2: 2.0}) == 2.0


def test_without_turns_there_is_no_latency():
    assert math.isnan(round_latency({}))
