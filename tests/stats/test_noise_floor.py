"""How small a change so many minutes show."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.stats.interval import Estimate
from bench.stats.noise_floor import NoiseFloor, noise_floor
from bench.stats.signed_rank import shift

FLOOR = NoiseFloor(spread=0.02, pair_s=0.5, ratio=Estimate(1.0, 0.99, 1.01, 20))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_minutes_are_shared_by_the_cases():
    assert FLOOR.pairs_within(60, cases=15) == 8


def test_the_change_is_half_the_interval_that_the_pairs_would_give():
    # t(0.975, 7) = 2.3646 (any table of Student's t); 2.3646 × 0.02 × sqrt(pi / 3 / 8) = 0.017110
    assert FLOOR.smallest_change(60, cases=15) == pytest.approx(math.expm1(0.017110), rel=1e-4)


def test_four_times_the_time_shows_about_half_the_change():
    few, many = FLOOR.smallest_change(600, cases=15), FLOOR.smallest_change(2400, cases=15)

    assert few / many == pytest.approx(2.0, rel=0.03)  # Student's t and exp bend it by 2 %


def test_where_the_time_is_too_short_for_an_interval_nothing_is_said():
    assert math.isnan(FLOOR.smallest_change(30, cases=15))


def test_for_as_many_pairs_as_were_measured_the_change_is_half_their_interval(rng):
    logs = [*(0.01 * rng.standard_normal(18)), 0.4, 0.5]
    floor = noise_floor(logs, [0.4] * 19 + [9.0])

    assert floor.pair_s == 0.4
    assert floor.ratio.count == 20
    assert floor.smallest_change(20 * 0.4 + 0.1, cases=1) == pytest.approx(math.expm1(shift(logs).half_width))


def test_of_too_few_pairs_no_spread_is_known():
    assert math.isnan(noise_floor([0.0, 0.01, 0.02], [0.4] * 3).spread)


def test_the_formula_foretells_the_intervals_that_the_gate_s_statistic_gives(rng):
    """400 intervals of 30 normal pairs: the standard error of their mean half width is 0.5 % of it."""
    width = np.mean([shift(0.02 * rng.standard_normal(30)).half_width for _ in range(400)])
    foretold = math.log1p(FLOOR.smallest_change(30 * 0.5, cases=1))

    assert foretold == pytest.approx(width, rel=0.04)  # sqrt(pi / 3) is a limit; at 30 pairs the two are 2 % apart
