from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.comparison import prepare
from bench.analysis.task_comparisons import steps_to_learn, task_comparisons, task_notes


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


def test_where_averaging_does_as_well_no_accuracy_counts(done):
    rows = [done("sdpa"), done("linformer", **ends(0.0, 0.01)), done("uniform", rank=np.nan, **ends(0.0, 0.01))]
    (found,) = compared(rows, "after equal steps")

    assert found["why_not"] == "averaging alone does it as well"


def test_to_be_better_than_a_baseline_that_training_spoiled_does_not_count(done):
    rows = [done("sdpa", task_value_before=0.9), done("linformer", **ends(0.05, 0.01))]
    (found,) = compared(rows, "after equal steps")

    assert found["why_not"] == "its baseline was better before training"


def test_one_layer_replaced_says_nothing_of_all(done):
    swapped = {"steps": np.nan, "application": "swapped", "model": "minilm"}
    (found,) = compared([done("sdpa", **swapped), done("linformer", layer=2.0, **swapped)], "without training")

    assert found["why_not"] == "one layer of the model alone"


def test_features_that_were_drawn_once_say_nothing_of_others(done):
    swapped = {"steps": np.nan, "application": "swapped", "model": "minilm", "task_seeds": 1.0}
    rows = [done("sdpa", **swapped), done("performer", rank_kind="random_features", **swapped)]
    (found,) = compared(rows, "without training")

    assert found["why_not"] == "drawn once"


def test_a_network_whose_answers_are_not_finite_has_lost_what_its_baseline_does(done):
    nothing = dict.fromkeys(("task_value", "task_difference"), np.nan)
    rows = [done("sdpa"), done("linformer", task_status="nan", task_seeds=np.nan, seeds=3.0, **nothing)]
    (found,) = compared(rows, "after equal steps")

    assert (found["value"], found["exact"], found["why_not"]) == (-math.inf, True, "")


def test_one_training_whose_answers_are_not_finite_is_one_seed(done):
    nothing = dict.fromkeys(("task_value", "task_difference"), np.nan)
    rows = [done("sdpa"), done("linformer", task_status="nan", task_seeds=0.0, seeds=1.0, **nothing)]
    (found,) = compared(rows, "after equal steps")

    assert found["why_not"] == "trained with one seed"


def test_to_be_as_good_as_a_baseline_that_learnt_nothing_does_not_count(done):
    low = {"task_value": 0.51, "task_value_ci_low": 0.49, "task_value_ci_high": 0.53}
    (found,) = compared([done("sdpa", **low), done("linformer", **low)], "after equal steps")

    assert found["why_not"] == "its baseline is no better than the majority"


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
    assert steps_to_learn(curve, curve, way) == pytest.approx(step, nan_ok=True)


def test_both_are_asked_for_the_value_that_the_baseline_learns():
    base = "0:0:0.5 100:1:0.9"

    assert steps_to_learn("0:0:0.5 100:1:0.7 200:2:0.9", base, 1.0) == pytest.approx(180)
    assert math.isnan(steps_to_learn("0:0:0.5 100:1:0.7 200:2:0.7", base, 1.0))


@pytest.mark.parametrize("changes", [{"steps": np.nan, "seconds": 60.0}, {"steps": np.nan, "recover_steps": 50.0}])
def test_in_equal_time_and_after_a_swap_steps_are_not_compared(done, changes):
    rows = [done(operator, task_curve="0:0:0.5 100:1:0.9", **changes) for operator in ("sdpa", "linformer")]

    assert compared(rows, "steps to learn") == []


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
