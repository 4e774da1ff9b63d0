"""Which cases did one task in one way, and how what they reached is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.applications import (
    difference_text,
    failed_lines,
    gain,
    judged,
    spoiled,
    surely_better,
    task_contexts,
    task_rows,
    tolerance,
    trivial_clause,
    trivial_lines,
    usual_rate,
    value_text,
)
from bench.analysis.series import series_label

SWAPPED = {"application": "swapped", "model": "minilm", "layers": np.nan, "steps": np.nan}


def test_a_case_that_was_timed_in_two_phases_counts_once(make_task_row):
    table = pd.DataFrame([make_task_row("sdpa", 0.8, phase=phase) for phase in ("forward", "train")])

    assert task_rows(table, "train")["phase"].tolist() == ["train"]
    assert task_rows(table, "forward")["phase"].tolist() == ["forward"]
    assert task_rows(table[:1], "train")["phase"].tolist() == ["forward"]


def test_cases_without_a_task_are_left_out(make_row, make_task_row):
    table = pd.DataFrame([make_row("sdpa", 64), make_task_row("sdpa", 0.8)])

    assert task_rows(table, "forward")["task"].tolist() == ["digits"]
    assert task_rows(pd.DataFrame([make_row("sdpa", 64)]), "forward").empty


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({}, "digits, 2 layers trained from scratch for 100 steps, n=64, 3 seeds"),
        ({"steps": np.nan, "seconds": 90.0}, "digits, 2 layers trained from scratch for 1m 30s, n=64, 3 seeds"),
        (
            {"learning_rate": 0.01, "seeds": np.nan},
            "digits, 2 layers trained from scratch for 100 steps, n=64, learning rate 0.01",
        ),
        (SWAPPED, "digits, minilm with its attention replaced, nothing trained, n=64, 3 seeds"),
        (
            SWAPPED | {"recover_steps": 50.0},
            "digits, minilm with its attention replaced, then trained for 50 steps, n=64, 3 seeds",
        ),
        (
            SWAPPED | {"application": "adapted", "steps": 500.0},
            "digits, minilm fine-tuned for 500 steps, n=64, 3 seeds",
        ),
    ],
)
def test_a_context_says_what_was_done_and_for_how_long(make_task_row, changes, where):
    ((found, _),) = task_contexts(pd.DataFrame([make_task_row("sdpa", 0.8, **changes)]))

    assert found == where


def test_what_differs_between_contexts_is_in_their_names(make_task_row):
    table = pd.DataFrame([make_task_row("sdpa", 0.8, run=run) for run in ("one", "two")])

    assert [where.rpartition(", ")[2] for where, _ in task_contexts(table)] == ["run one", "run two"]


def test_single_layers_are_of_one_context_and_named(make_task_row):
    rows = [make_task_row("linformer", 0.8, rank=8.0, layer=float(layer)) for layer in range(3)]
    ((_, members),) = task_contexts(task_rows(pd.DataFrame(rows), "forward"))

    names = [series_label(row) for _, row in members.iterrows()]
    assert names == ["linformer r=8, layer 0", "linformer r=8, layer 1", "linformer r=8, layer 2"]


@pytest.mark.parametrize(
    ("difference", "reach", "word"),
    [
        (0.0, 0.01, "as accurate"),
        (-0.011, 0.01, "worse"),
        (-0.011, 0.005, "hardly worse"),
        (0.011, 0.01, "better"),
        (0.0, 0.021, "open"),
        (-0.009, 0.012, "open"),
        (np.nan, 0.01, "alone"),
        (0.0, np.nan, "open"),
    ],
)
def test_what_a_case_is_follows_from_its_difference_s_interval(make_task_row, difference, reach, word):
    rows = pd.DataFrame([make_task_row("linformer", 0.8, difference, reach=reach)])

    assert judged(rows).tolist() == [word]


def test_baselines_failures_and_divergence_are_words_of_their_own(make_task_row):
    failed = make_task_row("nystrom", np.nan, np.nan, task_status="oom")
    diverged = make_task_row("performer", np.nan, np.nan, task_status="diverged")

    assert judged(pd.DataFrame([make_task_row("sdpa", 0.8), failed, diverged])).tolist() == [
        "baseline",
        "absent",
        "diverged",
    ]


def test_of_a_perplexity_more_is_worse(make_task_row):
    row = make_task_row("linformer", 102.0, 2.0, reach=1.0, task_metric="perplexity")

    assert judged(pd.DataFrame([row])).tolist() == ["worse"]
    assert (gain(row).centre, gain(row).low, gain(row).high) == (-2, -3, -1)


@pytest.mark.parametrize(
    ("metric", "loss"),
    [("accuracy", 0.02), ("word_error_rate", 0.02), ("perplexity", 2.0), ("bits_per_character", 2.0)],
)
def test_a_loss_that_does_not_matter_is_in_points_or_a_share_of_the_baseline_s_value(make_task_row, metric, loss):
    assert tolerance(make_task_row("linformer", 102.0, 2.0, task_metric=metric)) == pytest.approx(loss)


@pytest.mark.parametrize(
    ("metric", "value", "difference"),
    [
        ("accuracy", "0.800 [0.780, 0.820]", "-5.0 [-6.0, -4.0] points"),
        ("word_error_rate", "0.800 [0.780, 0.820]", "-5.0 [-6.0, -4.0] points"),
        ("perplexity", "0.8 [0.78, 0.82]", "-0.05 [-0.06, -0.04]"),
    ],
)
def test_values_and_differences_are_told_with_their_interval(make_task_row, metric, value, difference):
    row = make_task_row("linformer", 0.8, -0.05, task_metric=metric)

    assert (value_text(row), difference_text(row)) == (value, difference)


def test_without_an_interval_the_number_stands_alone(make_task_row):
    ends = dict.fromkeys(("task_value_ci_low", "task_value_ci_high"), np.nan)
    row = make_task_row("linformer", 0.8, -0.05, reach=np.nan, **ends)

    assert (value_text(row), difference_text(row)) == ("0.800", "-5.0 points")


@pytest.mark.parametrize(("metric", "better_than"), [("accuracy", 0.77), ("perplexity", 0.83)])
def test_better_means_the_whole_interval(make_task_row, metric, better_than):
    row = make_task_row("linformer", 0.8, task_metric=metric)

    assert surely_better(row, better_than)
    assert not surely_better(row, 0.8)


def test_cases_that_a_linear_baseline_equals_are_named(make_task_row):
    trivial = {"task_linear": 0.81, "task_majority": 0.5}
    rows = [make_task_row("sdpa", 0.85, **trivial), make_task_row("linformer", 0.8, rank=8.0, **trivial)]

    assert list(trivial_lines(pd.DataFrame(rows))) == [
        "Not surely better than the linear baseline (0.810): linformer r=8.",
        "Better than the majority baseline (0.500): all 2.",
    ]


@pytest.mark.parametrize(
    ("linear", "clause"),
    [
        (0.77, ""),
        (0.79, "the linear baseline is not surely worse (0.790)"),
        (0.83, "the linear baseline is better (0.830)"),
    ],
)
def test_a_headline_is_told_when_a_linear_baseline_is_as_good_or_better(make_task_row, linear, clause):
    assert trivial_clause(make_task_row("sdpa", 0.8, task_linear=linear)) == clause


@pytest.mark.parametrize(
    ("metric", "before", "worse"), [("accuracy", 0.83, True), ("perplexity", 0.77, True), ("accuracy", 0.81, False)]
)
def test_training_spoils_what_was_better_before_than_the_whole_interval(make_task_row, metric, before, worse):
    row = make_task_row("sdpa", 0.8, task_metric=metric, task_value_before=before)
    other = make_task_row("linformer", 0.8, rank=8.0, task_metric=metric, task_value_before=before)

    assert spoiled(row) == worse
    assert judged(pd.DataFrame([row, other])).tolist() == ["baseline", "alone" if worse else "as accurate"]
    assert trivial_clause(row).endswith("; nothing is compared with it") == worse
    assert "nothing is compared" not in trivial_clause(other)


def test_what_was_never_trained_is_not_spoiled(make_task_row):
    assert not spoiled(make_task_row("sdpa", 0.8))
    assert not spoiled(make_task_row("sdpa", np.nan, task_value_before=0.9))


def test_of_several_learning_rates_the_usual_one_is_kept(make_task_row):
    rows = pd.DataFrame([make_task_row("sdpa", 0.8, learning_rate=rate) for rate in (np.nan, 0.1)])

    assert usual_rate(rows)["learning_rate"].isna().tolist() == [True]


def test_where_each_learning_rate_is_named_none_is_chosen_by_what_it_reached(make_task_row):
    names = {
        rate: {"case_id": f"sdpa {rate}", "baseline": f"sdpa {rate}", "learning_rate": rate} for rate in (0.01, 0.1)
    }
    rows = [make_task_row("sdpa", 0.9, **names[0.01]), make_task_row("sdpa", 0.8, **names[0.1])]
    other = {"baseline": "sdpa 0.1", "learning_rate": 0.1}
    rows.append(make_task_row("linformer", 0.95, case_id="linformer 0.1", **other))

    assert usual_rate(pd.DataFrame(rows)).empty
    assert len(usual_rate(pd.DataFrame(rows[:1]))) == 1


def test_a_task_that_failed_beside_a_latency_is_named_with_its_reason(make_task_row):
    gone = {"task_status": "oom", "task_reason": "3 of 3 seeds: 1 GiB"}
    rows = [make_task_row("sdpa", 0.8), make_task_row("nystrom", np.nan, np.nan, rank=8.0, **gone)]

    assert list(failed_lines(pd.DataFrame(rows))) == ["Oom (3 of 3 seeds: 1 GiB): nystrom r=8."]


def test_a_case_that_was_not_measured_at_all_is_told_elsewhere(make_task_row):
    absent = {"status": "skipped", "task_status": "skipped", "reason": "no data", "task_reason": "no data"}

    assert list(failed_lines(pd.DataFrame([make_task_row("nystrom", np.nan, np.nan, **absent)]))) == []
