"""A task's value is judged by its own tolerance and both intervals, and by nothing of the latency beside it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bench.analysis.task_gate import task_verdicts
from bench.verdict import Verdict

ABOUT = {"case_id": "c", "case_hash": "h", "group": "g"}


def side(value: float | None = None, reach: float = 0.01, **changes: Any) -> dict[str, Any]:
    """Gives the columns of a case that did a task; those of a table are NaN where absent."""
    value = math.nan if value is None else value
    ends = {"task_value_ci_low": value - reach, "task_value_ci_high": value + reach}
    plain = {"task_metric": "accuracy", "task_status": "ok", "task_samples": 1000.0, "task_seeds": 3.0}
    return {**plain, "task_value": value, **ends, **changes}


def judged(base: dict[str, Any], head: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each.metric, each.verdict, each.reason) for each in task_verdicts(base, head, **ABOUT)]


def only(base: dict[str, Any], head: dict[str, Any]) -> Verdict:
    (found,) = task_verdicts(base, head, **ABOUT)
    return found


@pytest.mark.parametrize(
    ("head", "reach", "verdict"),
    [
        (0.80, 0.010, ("unchanged", "equal")),
        (0.79, 0.001, ("unchanged", "within_tolerance_of_task")),  # beyond both intervals, and does not matter
        (0.77, 0.010, ("regressed", "beyond_both_intervals")),
        (0.77, 0.020, ("inconclusive", "intervals_overlap")),
        (0.83, 0.010, ("improved", "beyond_both_intervals")),
        (0.83, 0.020, ("inconclusive", "intervals_overlap")),
    ],
)
def test_an_accuracy_is_worse_beyond_two_points_and_both_intervals(head, reach, verdict):
    assert judged(side(0.80, reach), side(head, reach)) == [("task_accuracy", *verdict)]


@pytest.mark.parametrize(
    ("metric", "head", "verdict"),
    [
        ("word_error_rate", 0.84, ("regressed", "beyond_both_intervals")),
        ("word_error_rate", 0.76, ("improved", "beyond_both_intervals")),
        ("perplexity", 0.84, ("regressed", "beyond_both_intervals")),
        ("bits_per_character", 0.76, ("improved", "beyond_both_intervals")),
    ],
)
def test_of_what_is_better_low_more_is_worse(metric, head, verdict):
    assert judged(side(0.8, task_metric=metric), side(head, task_metric=metric)) == [("task_value", *verdict)]


@pytest.mark.parametrize(("head", "verdict"), [(50.9, "unchanged"), (51.1, "regressed")])
def test_a_perplexity_may_grow_by_two_percent(head, verdict):
    words = {"task_metric": "perplexity"}

    assert only(side(50.0, **words), side(head, **words)).verdict == verdict


def test_a_verdict_carries_both_values_and_tells_their_intervals_the_difference_and_the_seeds():
    found = only(side(0.80), side(0.75, task_seeds=2.0))

    assert (found.base, found.head, found.ratio) == (0.80, 0.75, None)
    assert found.detail == (
        "accuracy 0.800 [0.790, 0.810] in base, 0.750 [0.740, 0.760] in head: -5.0 points; 3 seeds in base, 2 in head"
    )


def test_a_learning_rate_that_the_commits_do_not_share_is_told():
    found = only(side(0.80, task_learning_rate=1e-4), side(0.85, task_learning_rate=1e-5))

    assert found.detail.endswith(": +5.0 points; learning rate 0.0001 in base, 1e-05 in head")
    assert "rate" not in only(side(0.80), side(0.85, task_learning_rate=1e-5)).detail  # of older runs it is not known


@pytest.mark.parametrize(("steps", "told"), [(100.0, True), (0.0, False)])
def test_one_trained_seed_is_told_of(steps, told):
    one = {"task_seeds": 1.0, "task_steps": steps}
    words = "; one seed was trained: of another end of training the interval says nothing"

    assert (words in only(side(0.80, **one), side(0.75, **one)).detail) is told


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        (side(0.8), side(task_status="diverged"), ("failed", "failed_in_head")),
        (side(0.8), side(task_status="oom"), ("failed", "failed_in_head")),
        (side(task_status="oom"), side(task_status="timeout"), ("failed", "failed_in_both")),
        (side(task_status="diverged"), side(0.8), ("new", "failed_in_base")),
        (side(0.8), side(task_status="skipped"), ("vanished", "only_in_base")),
        (side(task_status="skipped"), side(0.8), ("new", "only_in_head")),
    ],
)
def test_a_task_that_one_side_lacks_is_told(base, head, verdict):
    assert judged(base, head) == [("task_accuracy", *verdict)]


def test_what_became_of_a_task_is_told_with_its_reason():
    found = only(side(0.8), side(task_status="diverged", task_reason="the loss was not finite at step 3"))

    assert found.detail == "head: diverged: the loss was not finite at step 3"


@pytest.mark.parametrize("base", [{}, {"task_value": math.nan, "task_status": None}, side(task_status="skipped")])
def test_without_a_task_on_either_side_there_is_no_verdict(base):
    assert judged(base, {"latency_median_s": 1.0}) == []


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"task_samples": 500.0}, "the number of test samples is 1000 in base and 500 in head"),
        ({"task_metric": "perplexity"}, "the metric is accuracy in base and perplexity in head"),
    ],
)
def test_values_of_other_questions_are_not_compared(changes, detail):
    found = only(side(0.8), side(0.5, **changes))

    assert (found.verdict, found.reason, found.detail) == ("changed", "definition_changed", detail)


def test_a_value_without_an_interval_is_never_surely_worse():
    bare = {"task_value_ci_low": math.nan, "task_value_ci_high": math.nan}

    assert judged(side(0.8), side(0.5, **bare)) == [("task_accuracy", "inconclusive", "intervals_overlap")]
