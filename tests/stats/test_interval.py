import numpy as np
import pytest

from bench.stats.interval import log_interval, median_interval, robust_sd


def test_ten_values_give_the_second_and_ninth_order_statistic():
    """David and Nagaraja, section 7.1: for m = 10, 2 P(Bin(10, 1/2) < 2) = 0.0215 and P with 3 is 0.109."""
    estimate = median_interval(range(1, 11))

    assert (estimate.centre, estimate.low, estimate.high) == (5.5, 2, 9)


def test_six_values_give_their_range():
    """2 P(Bin(6, 1/2) < 1) = 0.03125."""
    estimate = median_interval([3, 1, 2, 6, 5, 4])

    assert (estimate.low, estimate.high) == (1, 6)


def test_twelve_values_give_the_third_and_tenth():
    """2 P(Bin(12, 1/2) < 3) = 0.0386."""
    estimate = median_interval(range(1, 13))

    assert (estimate.low, estimate.high) == (3, 10)


def test_two_values_have_a_centre_and_no_interval():
    estimate = median_interval([1.0, 2.0])

    assert estimate.centre == 1.5
    assert np.isnan(estimate.low)
    assert np.isnan(estimate.high)


def test_no_values_have_no_centre():
    assert np.isnan(median_interval([]).centre)


def test_nan_is_left_out():
    assert median_interval([1.0, np.nan, 3.0, 2.0]).count == 3


@pytest.mark.parametrize("count", [6, 7, 10, 20, 40])
def test_the_interval_holds_the_median_of_skewed_heavy_tails(count):
    """At least 95 % of samples by construction; 2000 samples leave 3 standard errors of 0.0049 each."""
    rng = np.random.default_rng(count)
    samples = np.exp(rng.standard_t(2, size=(2000, count)))
    intervals = [median_interval(row) for row in samples]
    held = np.mean([i.low <= 1.0 <= i.high for i in intervals])

    assert held >= 0.95 - 3 * 0.0049


@pytest.mark.parametrize("count", [3, 4, 5])
def test_few_values_hold_the_median_of_a_normal(count):
    rng = np.random.default_rng(count)
    intervals = [median_interval(row) for row in rng.standard_normal((2000, count))]

    assert np.mean([i.low <= 0.0 <= i.high for i in intervals]) >= 0.95 - 3 * 0.0049


def test_an_extra_spread_widens_by_quadrature():
    logs = np.log([0.9, 0.95, 1.0, 1.0, 1.05, 1.1])
    plain, wide = log_interval(logs), log_interval(logs, extra_sd=0.1)

    assert np.log(wide.high / wide.centre) == pytest.approx(
        np.hypot(np.log(plain.high / plain.centre), 0.1 * 1.959964)
    )


def test_robust_sd_of_a_normal_sample_is_its_sd():
    rng = np.random.default_rng(0)

    assert robust_sd(2.0 * rng.standard_normal(20000)) == pytest.approx(2.0, rel=0.03)
