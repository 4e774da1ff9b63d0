"""Steps at known places, and noise without any."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.analysis.changepoint import FEWEST_RUNS, change_points, half_width, levels, memory, scatter


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def stairs(*parts: tuple[int, float]) -> np.ndarray:
    """Gives a series of levels: how many runs, and the level."""
    return np.concatenate([np.full(count, level) for count, level in parts])


def wandering(rng: np.random.Generator, count: int, correlation: float) -> np.ndarray:
    """Gives noise of standard deviation 1 in which a run resembles the one before it (AR(1))."""
    x = [rng.standard_normal()]
    for shock in rng.standard_normal(count - 1):
        x.append(correlation * x[-1] + math.sqrt(1 - correlation**2) * shock)
    return np.array(x)


def test_a_step_is_found_at_its_place(rng):
    x = stairs((12, 0.0), (12, 0.1)) + 0.01 * rng.standard_normal(24)

    assert change_points(x) == [12]


def test_a_step_up_and_down_again_is_two_steps(rng):
    """The middle third is up: no single cut lowers the absolute error much, so a greedy search would miss both."""
    x = stairs((10, 0.0), (10, 0.1), (10, 0.0)) + 0.01 * rng.standard_normal(30)

    assert change_points(x) == [10, 20]


def test_a_step_is_told_from_its_third_run_on(rng):
    noise = 0.01 * rng.standard_normal(23)

    assert change_points(stairs((20, 0.0), (3, 0.2)) + noise) == [20]
    assert change_points((stairs((20, 0.0), (3, 0.2)) + noise)[:22]) == []


@pytest.mark.parametrize("wild", [[11], [11, 12], [22, 23], [4, 11, 12, 20]], ids=str)
def test_one_or_two_wild_runs_are_no_step(rng, wild):
    x = 0.01 * rng.standard_normal(24)
    x[wild] += 2.0

    assert change_points(x) == []


def test_equal_values_have_no_step_and_exact_ones_show_the_smallest():
    assert change_points(np.zeros(20)) == []
    assert change_points(stairs((10, 0.0), (10, 0.05))) == [10]


def test_steps_below_the_margin_are_left_out(rng):
    x = stairs((12, 0.0), (12, 0.015), (12, 0.1)) + 0.001 * rng.standard_normal(36)

    assert change_points(x) == [12, 24]
    assert change_points(x, margin=0.02) == [24]


def test_too_few_values_are_an_error():
    with pytest.raises(ValueError, match=f"{FEWEST_RUNS - 1} values; at least {FEWEST_RUNS} are needed"):
        change_points(np.zeros(FEWEST_RUNS - 1))


def test_the_scatter_is_the_noise_s_and_not_the_steps(rng):
    """Its standard error over 2000 values is about 2 %."""
    x = stairs((1000, 0.0), (1000, 5.0)) + 0.02 * rng.standard_normal(2000)

    assert scatter(x) == pytest.approx(0.02, rel=0.08)


def test_the_memory_of_noise_is_seen_across_series_and_through_steps(rng):
    """40 series of 30 runs: the estimate's spread over seeds is about 0.07."""
    steps = stairs((15, 0.0), (15, 4.0))

    assert memory([wandering(rng, 30, 0.5) + steps for _ in range(40)]) == pytest.approx(0.5, abs=0.2)
    assert memory([rng.standard_normal(30) for _ in range(40)]) == pytest.approx(0.0, abs=0.2)


def test_of_exact_or_short_series_no_memory_is_known():
    assert memory([np.zeros(30), np.arange(5.0)]) == 0.0


def test_a_memory_asks_for_larger_steps(rng):
    x = stairs((10, 0.0), (10, 0.03)) + 0.01 * rng.standard_normal(20)

    assert change_points(x) == [10]
    assert change_points(x, memory=0.6) == []


def test_levels_are_medians_between_steps():
    assert levels([1.0, 2.0, 9.0, 4.0, 4.0], [3]) == [2.0, 4.0]


def test_the_interval_of_a_step_is_that_of_two_medians():
    # 1.96 · sqrt(pi / 2) · 0.01 · sqrt(1/8 + 1/8) = 0.012283
    assert half_width(8, 8, scatter=0.01, memory=0.0) == pytest.approx(0.012283, rel=1e-3)


@pytest.mark.slow
def test_noise_without_steps_gives_few_false_ones(rng):
    """docs/history.md states 0.3 % for independent noise; 8 or more of 500 has a probability of 0.0002."""
    alarms = sum(bool(change_points(rng.standard_normal(20))) for _ in range(500))

    assert alarms < 8
