"""How willingly a network is trained: the largest learning rates, and seeds that diverge, beside the baseline's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.comparison import prepare
from bench.analysis.task_comparisons import task_comparisons


def compared(rows: list[dict[str, Any]], measure: str) -> list[dict[str, Any]]:
    return [each for each in task_comparisons(prepare(pd.DataFrame(rows))) if each["measure"] == measure]


def at_rates(done, operator: str, reached: dict[float, float], **changes: Any) -> list[dict[str, Any]]:
    """Gives a case at several learning rates, and the values that it reaches."""
    rows = []
    for rate, value in reached.items():
        facts = {"learning_rate": rate, "task_value": value, "task_value_ci_low": value - 0.02}
        facts |= {"case_id": f"{operator} {rate}", "baseline": f"sdpa {rate}"}
        rows.append(done(operator, **{**facts, **changes}))
    return rows


@pytest.mark.parametrize(
    ("reached", "ratio", "told", "sure"),
    [
        ({1e-3: 0.8, 3e-3: 0.5, 1e-2: 0.5}, 1 / 3, (1 / 3, 0.1, 1.0), False),
        ({1e-3: 0.8, 3e-3: 0.8, 1e-2: 0.5}, 1.0, (1.0, 0.3, 10 / 3), True),
        ({1e-3: 0.8, 3e-3: 0.8, 1e-2: 0.8}, 10 / 3, (10 / 3, 1.0, math.inf), True),
    ],
)
def test_the_largest_rates_are_compared_with_the_grid_as_interval(done, reached, ratio, told, sure):
    rows = at_rates(done, "sdpa", {1e-3: 0.8, 3e-3: 0.8, 1e-2: 0.5}) + at_rates(done, "linformer", reached)
    (found,) = compared(rows, "learning rate")

    assert found["value"] == pytest.approx(ratio)
    assert found["exact"] == sure
    assert [found[name] for name in ("number", "number_low", "number_high")] == pytest.approx(told, nan_ok=True)


def test_who_gets_half_as_far_at_no_rate_has_no_largest_one(done):
    rows = at_rates(done, "sdpa", {1e-3: 0.8, 3e-3: 0.8}) + at_rates(done, "linformer", {1e-3: 0.6, 3e-3: 0.6})
    (found,) = compared(rows, "learning rate")

    assert (found["why_not"], math.isnan(found["value"])) == ("gets half as far as its baseline at no rate", True)


def test_whether_a_smaller_rate_is_needed_is_not_known_where_the_baseline_trains_at_the_smallest_only(done):
    rows = at_rates(done, "sdpa", {1e-2: 0.8, 3e-2: 0.5}) + at_rates(done, "linformer", {1e-2: 0.6, 3e-2: 0.5})
    (found,) = compared(rows, "learning rate")

    assert (
        found["why_not"]
        == "gets half as far as its baseline at no rate and none smaller than the baseline's was tried"
    )


def test_rates_of_a_single_seed_do_not_count(done):
    rows = at_rates(done, "sdpa", {1e-3: 0.8, 3e-3: 0.8}, task_seeds=1.0)
    rows += at_rates(done, "linformer", {1e-3: 0.8, 3e-3: 0.6}, task_seeds=1.0)
    (found,) = compared(rows, "learning rate")

    assert found["why_not"] == "trained with one seed"


def test_a_rate_that_one_side_was_not_tried_at_says_nothing(done):
    rows = at_rates(done, "sdpa", {1e-3: 0.8, 3e-3: 0.8, 1e-2: 0.8})
    rows += at_rates(done, "linformer", {1e-3: 0.8, 3e-3: 0.8})
    rows += at_rates(done, "linformer", {1e-2: np.nan}, task_status="skipped")
    (found,) = compared(rows, "learning rate")

    assert (found["value"], found["case_ids"]) == (1.0, "linformer 0.001; linformer 0.003")
    assert not found["exact"]  # both train at the largest that both tried: nothing is known of a larger one


def test_a_largest_rate_two_steps_below_is_surely_smaller(done):
    rows = at_rates(done, "sdpa", dict.fromkeys((1e-3, 3e-3, 1e-2), 0.8) | {3e-2: 0.5})
    rows += at_rates(done, "linformer", {1e-3: 0.8, 3e-3: 0.5, 1e-2: 0.5, 3e-2: 0.5})
    (found,) = compared(rows, "learning rate")

    assert (found["value"], found["exact"]) == (pytest.approx(0.1), True)
    assert found["value"] < found["edge"]


def test_a_rate_at_which_a_case_diverges_is_too_large_for_it(done):
    rows = at_rates(done, "sdpa", {1e-3: 0.8, 1e-2: 0.8})
    rows += at_rates(done, "linformer", {1e-3: 0.8})
    rows += at_rates(done, "linformer", {1e-2: np.nan}, task_status="diverged", task_diverged=3.0, task_seeds=0.0)
    (found,) = compared(rows, "learning rate")

    assert found["value"] == pytest.approx(0.1)


def test_where_rates_are_compared_accuracy_is_not(done):
    """One of them would have to be chosen, for the baseline or for the other, by what it reached."""
    rows = at_rates(done, "sdpa", {1e-3: 0.7, 3e-3: 0.8}) + at_rates(done, "linformer", {1e-3: 0.7, 3e-3: 0.6})

    assert not list(compared(rows, "after equal steps"))


def test_seeds_that_diverge_are_compared_as_shares(done):
    rows = [done("sdpa", task_seeds=4.0), done("linformer", task_seeds=3.0, task_diverged=1.0)]
    (found,) = compared(rows, "diverged seeds")

    assert (found["value"], found["exact"]) == (0.25, False)
    assert math.isnan(found["low"])


def test_all_seeds_diverging_against_none_decides(done):
    rows = [done("sdpa", task_seeds=3.0), done("linformer", task_seeds=0.0, task_diverged=3.0)]
    (found,) = compared(rows, "diverged seeds")

    assert (found["value"], found["exact"]) == (1.0, True)
