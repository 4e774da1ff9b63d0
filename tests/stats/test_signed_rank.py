"""The signed-rank centre, interval and test against scipy, published critical values, and simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.stats.signed_rank import FEWEST, p_above, shift

VALUES = [0.3, -0.1, 0.8, 0.25, 1.1, -0.45, 0.6, 0.05]


def test_the_p_value_is_scipy_s_exact_one() -> None:
    expected = stats.wilcoxon(VALUES, alternative="greater", method="exact").pvalue

    assert p_above(VALUES) == pytest.approx(expected, rel=1e-12)


def test_against_a_bound_the_values_are_shifted_by_it() -> None:
    expected = stats.wilcoxon(np.array(VALUES) - 0.2, alternative="greater", method="exact").pvalue

    assert p_above(VALUES, 0.2) == pytest.approx(expected, rel=1e-12)


def test_the_centre_is_the_median_of_the_means_of_pairs() -> None:
    """Of 1, 2, 6: means 1, 1.5, 2, 3.5, 4, 6, whose median is 2.75."""
    assert shift([1.0, 2.0, 6.0]).centre == 2.75


@pytest.mark.parametrize(("count", "critical"), [(6, 0), (8, 3), (10, 8), (15, 25), (20, 52)])
def test_the_interval_leaves_out_as_many_means_as_the_table_of_critical_values_says(
    count: int, critical: int
) -> None:
    """Wilcoxon and Wilcox, Some Rapid Approximate Statistical Procedures (1964), table 2, two-sided 5 %."""
    values = np.sqrt(np.arange(1.0, count + 1))  # no two means equal
    means = np.sort([(a + b) / 2 for i, a in enumerate(values) for b in values[i:]])
    found = shift(values)

    assert (found.low, found.high) == pytest.approx((means[critical], means[-1 - critical]))


def test_fewer_values_than_six_give_no_interval_at_95_percent() -> None:
    few, enough = shift(range(FEWEST - 1)), shift(range(FEWEST))

    assert math.isnan(few.low)
    assert not math.isnan(enough.low)


def test_nan_is_left_out_and_nothing_is_nothing() -> None:
    assert shift([math.nan, 2.0]).count == 1
    assert math.isnan(shift([]).centre)
    assert math.isnan(p_above([]))


def test_beyond_the_exact_size_the_normal_limit_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).normal(0.05, 1, 300)
    expected = stats.wilcoxon(values, alternative="greater", method="approx", correction=True).pvalue

    assert p_above(values) == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["normal", "cauchy", "bursts"])
def test_the_interval_covers_a_known_centre(noise: str) -> None:
    """Of 2000 series the share that covers has a standard error of 0.5 %; 95 % less four of these is 93 %."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(2000):
        values = rng.standard_cauchy(12) if noise == "cauchy" else rng.normal(0, 1, 12)
        if noise == "bursts":
            values = values * np.where(rng.random(12) < 0.2, 10, 1)
        found = shift(values + 3)
        covered += found.low <= 3 <= found.high

    assert covered / 2000 >= 0.93
