from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from paretoset import paretoset

from bench.analysis.pareto import front_probability, on_front


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_that_of_paretoset(seed):
    costs = np.random.default_rng(seed).integers(0, 6, size=(30, 2)).astype(float)  # with ties

    # distinct=False: equal points are both on the front
    assert on_front(costs).tolist() == paretoset(costs, sense=["min", "min"], distinct=False).tolist()


def test_each_draw_has_its_own_front():
    draws = np.array([[[1.0, 1.0], [2.0, 2.0]], [[2.0, 2.0], [1.0, 1.0]]])

    assert on_front(draws).tolist() == [[True, False], [False, True]]


def pair(make_row, seconds: float, error: float, sd: float = 0.0):
    """Gives `sdpa` (1 ms, error 0.5) beside `linformer`, and ten rounds in which the latter's time spreads."""
    rows = [
        make_row("sdpa", 128, attention_rel_error=0.5),
        make_row("linformer", 128, latency_median_s=seconds, attention_rel_error=error),
    ]
    logs = np.log(seconds / 1e-3) + sd * np.linspace(-1, 1, 10)
    told = [{"run": "r", "case_hash": "linformer-128-", "round": i, "log_ratio": log} for i, log in enumerate(logs)]
    told += [{"run": "r", "case_hash": "sdpa-128-", "round": i, "log_ratio": 0.0} for i in range(10)]
    return pd.DataFrame(rows), pd.DataFrame(told)


def test_what_is_slower_and_worse_is_never_on_the_front(make_row):
    assert front_probability(*pair(make_row, 2e-3, 0.6, sd=0.1)).tolist() == [1.0, 0.0]


def test_a_time_that_may_be_either_side_has_a_chance(make_row):
    chance = front_probability(*pair(make_row, 1e-3, 0.6, sd=0.1)).iloc[1]

    assert 0.2 < chance < 0.8  # rounds spread evenly to both sides of the baseline: about a half


def test_a_random_error_moves_by_its_own_spread(make_row):
    group, rounds = pair(make_row, 2e-3, 0.5)
    group["attention_rel_error_p10"] = [np.nan, 0.3]
    group["attention_rel_error_p90"] = [np.nan, 0.8]
    chance = front_probability(group, rounds).iloc[1]

    assert 0.4 < chance < 0.6  # its median error is the other's: below it in half of the draws


def test_without_rounds_the_medians_decide(make_row):
    group, rounds = pair(make_row, 0.5e-3, 0.6)

    assert front_probability(group, rounds.iloc[:0]).tolist() == [1.0, 1.0]
