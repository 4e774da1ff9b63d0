from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.resample import interval, median_draws


def test_one_value_is_drawn_as_itself():
    assert set(median_draws([3.0], np.random.default_rng(0))) == {3.0}


def test_the_interval_of_five_values_is_their_range():
    # the least of five is the median of a draw with P(Bin(5, 1/5) >= 3) = 0.058 > 0.025
    values = [1.0, 2.0, 3.0, 4.0, 5.0]

    assert interval(median_draws(values, np.random.default_rng(0))) == (1.0, 5.0)


def test_an_end_of_the_interval_may_be_infinite():
    assert interval(np.array([1.0] * 90 + [np.inf] * 10)) == (1.0, np.inf)


def test_the_interval_holds_the_true_median_in_nine_of_ten_samples():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        low, high = interval(median_draws(rng.standard_normal(10), rng, draws=400))
        held += low <= 0 <= high

    # 0.95 nominal; three standard errors of a share of 0.92 over 400 samples are 0.04
    assert held / 400 >= 0.88


def test_what_all_rounds_share_is_in_the_interval_too():
    low, high = interval(median_draws([1.0] * 8, np.random.default_rng(0), extra_sd=0.1))

    assert (low, high) == pytest.approx((1 - 0.196, 1 + 0.196), abs=0.02)
