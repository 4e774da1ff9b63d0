"""The shift between two samples: against scipy's exact test, published critical values, and drawn samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.stats.rank_sum import _chances, _cut, shift_between


@pytest.mark.parametrize(("first", "second", "critical"), [(4, 4, 0), (5, 5, 2), (6, 6, 5), (8, 8, 13), (10, 10, 23)])
def test_the_cut_is_one_more_than_the_published_critical_value(first, second, critical):
    """Mann and Whitney's table, two-sided 5 %: Hollander, Wolfe and Chicken, table A.6; the cut keeps P(U < cut)."""
    assert _cut(first, second, 0.025) == critical + 1


@pytest.mark.parametrize(("first", "second"), [(3, 5), (6, 6), (13, 7), (40, 40)])
def test_the_null_distribution_is_scipy_s(first, second):
    x, y = np.arange(first) - 1000.0, np.arange(second) + 0.5  # all of y above: the largest U of y
    least = stats.mannwhitneyu(y, x, method="exact", alternative="greater").pvalue

    assert _chances(first, second).sum() == pytest.approx(1.0)
    assert _chances(first, second)[0] == pytest.approx(least)
    assert _chances(first, second) == pytest.approx(_chances(second, first))


def test_the_interval_is_where_the_exact_test_stops_rejecting():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(9), rng.standard_normal(12) + 0.5
    found = shift_between(x, y)

    def p(shift: float) -> float:
        return float(stats.mannwhitneyu(y - shift, x, method="exact").pvalue)

    assert p(found.low - 1e-9) < 0.05 <= p(found.low + 1e-9)
    assert p(found.high + 1e-9) < 0.05 <= p(found.high - 1e-9)


def test_the_centre_is_the_median_of_all_differences():
    assert shift_between([0.0, 1.0, 5.0], [2.0, 3.0]).centre == 1.5  # of 2 3 1 2 -3 -2


def test_a_burst_in_one_round_moves_the_centre_little():
    calm = shift_between([0.0] * 8, [0.1] * 8)
    burst = shift_between([0.0] * 8, [0.1] * 7 + [50.0])

    assert burst.centre == pytest.approx(calm.centre)
    assert burst.high == pytest.approx(calm.high)


def test_what_is_absent_is_left_out_and_the_smaller_sample_is_counted():
    found = shift_between([0.0, math.nan, 0.0, 0.0, 0.0, 0.0], [1.0] * 9)

    assert (found.centre, found.count) == (1.0, 5)


def test_three_rounds_of_one_have_a_centre_and_no_interval():
    found = shift_between([0.0, 1.0, 2.0], [1.0, 2.0, 3.0] * 9)

    assert (found.centre, found.count) == (1.0, 3)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_nothing_gives_nothing():
    found = shift_between([], [1.0])

    assert (math.isnan(found.centre), found.count) == (True, 0)


def test_the_interval_holds_a_known_shift_as_often_as_it_says():
    """Heavy tails, 2000 samples, so a standard error of 0.5 %; at 8 and 8 the exact level is 95.0 %."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(2000):
        found = shift_between(rng.standard_t(2, 8), 0.3 + rng.standard_t(2, 8))
        held += found.low <= 0.3 <= found.high

    assert 0.935 <= held / 2000 <= 0.965
