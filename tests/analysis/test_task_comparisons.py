from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.comparison import prepare
from bench.analysis.task_comparisons import steps_to_learn, task_comparisons, task_notes


@pytest.fixture
def done(make_row) -> Callable[..., dict[str, Any]]:
    """Gives a function: operator and changes -> a row of a case that was trained on a task."""

    def make(operator: str, **changes: Any) -> dict[str, Any]:
        ranked = {} if operator == "sdpa" else {"rank": 8.0}
        facts = {"scope": "model", "modality": "language", "task": "films", "application": "trained", "steps": 100.0}
        facts |= {"layers": 2.0, "learning_rate": np.nan, "task_status": "ok", "task_metric": "accuracy"}
        facts |= {"task_value": 0.8, "task_value_ci_low": 0.78, "task_value_ci_high": 0.82, "task_majority": 0.5}
        facts |= {"task_difference": 0.0, "task_difference_ci_low": 0.0, "task_difference_ci_high": 0.0}
        facts |= {"task_seeds": 3.0, "task_diverged": 0.0, "task_linear": 0.6}
        return make_row(operator, 64, **{**ranked, **facts, **changes})

    return make


def ends(centre: float, reach: float) -> dict[str, float]:
    names = ("task_difference", "task_difference_ci_low", "task_difference_ci_high")
    return dict(zip(names, (centre, centre - reach, centre + reach), strict=True))


def compared(rows: list[dict[str, Any]], measure: str) -> list[dict[str, Any]]:
    return [each for each in task_comparisons(prepare(pd.DataFrame(rows))) if each["measure"] == measure]


def test_a_loss_of_accuracy_is_told_with_its_interval(done):
    (found,) = compared([done("sdpa"), done("linformer", **ends(-0.03, 0.005))], "after equal steps")

    assert [found[name] for name in ("value", "low", "high")] == pytest.approx([-0.03, -0.035, -0.025])
    assert (found["edge"], found["unit"], found["why_not"]) == (-0.02, "accuracy - baseline", "")


def test_of_a_perplexity_more_is_a_loss(done):
    metric = {"task_metric": "perplexity", "task_majority": np.nan}
    rows = [done("sdpa", task_value=20.0, **metric), done("linformer", task_value=22.0, **metric, **ends(2.0, 1.0))]
    (found,) = compared(rows, "after equal steps")

    assert [found[name] for name in ("value", "low", "high")] == pytest.approx([-2.0, -3.0, -1.0])
    assert found["unit"] == "baseline - perplexity"


@pytest.mark.parametrize(
    ("how", "measure"),
    [
        ({"steps": 100.0}, "after equal steps"),
        ({"steps": np.nan, "seconds": 60.0}, "after equal time"),
        ({"steps": np.nan, "application": "swapped", "model": "minilm"}, "without training"),
        (
            {"steps": np.nan, "application": "swapped", "model": "minilm", "recover_steps": 50.0},
            "after equal steps",
        ),
    ],
)
def test_equal_steps_equal_time_and_no_training_are_kept_apart(done, how, measure):
    assert len(compared([done("sdpa", **how), done("linformer", **how)], measure)) == 1


def test_a_case_timed_in_two_phases_did_its_task_once(done):
    rows = [done(o, phase=p, case_id=f"{o} {p}", baseline=f"sdpa {p}") for o in ("sdpa", "linformer") for p in "ab"]

    assert len(compared(rows, "after equal steps")) == 1


def test_a_case_that_diverges_has_lost_what_its_baseline_learnt(done):
    nothing = dict.fromkeys(("task_value", "task_difference"), np.nan)
    rows = [done("sdpa"), done("linformer", task_status="diverged", task_diverged=3.0, task_seeds=0.0, **nothing)]
    (found,) = compared(rows, "after equal steps")

    assert (found["value"], found["exact"], math.isnan(found["number"])) == (-math.inf, True, True)


def test_a_case_of_which_some_seeds_diverge_decides_nothing(done):
    nothing = dict.fromkeys(("task_value", "task_difference"), np.nan)
    rows = [done("sdpa"), done("linformer", task_status="diverged", task_diverged=2.0, task_seeds=1.0, **nothing)]
    (found,) = compared(rows, "after equal steps")

    assert (math.isnan(found["value"]), found["exact"]) == (True, False)


def test_of_one_seed_no_accuracy_counts(done):
    rows = [done(operator, task_seeds=1.0) for operator in ("sdpa", "linformer")]
    (found,) = compared(rows, "after equal steps")

    assert found["why_not"] == "trained with one seed"


def test_to_be_as_good_as_a_baseline_that_learnt_nothing_does_not_count(done):
    low = {"task_value": 0.51, "task_value_ci_low": 0.49, "task_value_ci_high": 0.53}
    (found,) = compared([done("sdpa", **low), done("linformer", **low)], "after equal steps")

    assert found["why_not"] == "its baseline is no better than the majority"


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
        ({1e-3: 0.5, 3e-3: 0.5, 1e-2: 0.5}, 0.0, (math.nan, math.nan, math.nan), True),
    ],
)
def test_the_largest_rates_are_compared_with_the_grid_as_interval(done, reached, ratio, told, sure):
    rows = at_rates(done, "sdpa", {1e-3: 0.8, 3e-3: 0.8, 1e-2: 0.5}) + at_rates(done, "linformer", reached)
    (found,) = compared(rows, "learning rate")

    assert found["value"] == pytest.approx(ratio)
    assert found["exact"] == sure
    assert [found[name] for name in ("number", "number_low", "number_high")] == pytest.approx(told, nan_ok=True)


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


@pytest.mark.parametrize(
    ("of_base", "of_other", "why_not"),
    [
        ({}, {"task_value": np.nan, "task_status": "oom"}, "its task failed: oom"),
        ({"task_value": np.nan, "task_status": "timeout"}, {}, "its baseline has no value: timeout"),
    ],
)
def test_a_task_that_failed_on_either_side_is_told_and_not_counted(done, of_base, of_other, why_not):
    (found,) = compared([done("sdpa", **of_base), done("linformer", **of_other)], "after equal steps")

    assert found["why_not"] == why_not
    assert math.isnan(found["value"])


@pytest.mark.parametrize(
    ("curve", "way", "step"),
    [
        ("0:0:0.5 100:1:0.9 200:2:0.9", 1.0, 90.0),  # nine tenths of 0.4 on the first line
        ("0:0:20 100:1:10 200:2:10", -1.0, 90.0),
        ("0:0:0.5 100:1:0.5", 1.0, math.nan),
        ("0:0:0.5 100:1:0.4", 1.0, math.nan),
        ("0:0:0.5", 1.0, math.nan),
        ("", 1.0, math.nan),
    ],
)
def test_when_nine_tenths_are_learnt(curve, way, step):
    assert steps_to_learn(curve, way) == pytest.approx(step, nan_ok=True)


def test_steps_to_learn_are_told_without_an_interval(done):
    rows = [done("sdpa", task_curve="0:0:0.5 100:1:0.9"), done("linformer", task_curve="0:0:0.5 200:1:0.9")]
    (found,) = compared(rows, "steps to learn")

    assert found["value"] == pytest.approx(2.0)
    assert math.isnan(found["low"])


def test_a_linear_model_that_does_better_is_a_note(done):
    notes = task_notes(prepare(pd.DataFrame([done("sdpa", task_linear=0.9)])))

    assert notes == {"language": ["on films, beside 0.8 of sdpa, the linear baseline is better (0.900)"]}


def test_averaging_that_does_as_well_is_a_note(done):
    notes = task_notes(prepare(pd.DataFrame([done("sdpa"), done("uniform", rank=np.nan, task_value=0.79)])))

    assert notes == {"language": ["averaging alone does films as well as exact attention, 0.79"]}


def test_a_table_without_tasks_has_no_comparisons(make_row):
    assert compared([make_row("sdpa", 8), make_row("linformer", 8, rank=4.0)], "after equal steps") == []
