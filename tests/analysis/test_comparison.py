from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.analysis.claims import CLAIMS
from bench.analysis.comparison import (
    COLUMNS,
    MEASURES,
    baseline_of,
    cases_by_name,
    comparison,
    prepare,
    rivals,
    subject,
)


@pytest.mark.parametrize(
    ("operator", "family", "rank", "found"),
    [
        ("linformer", "attention", 16.0, "low_rank"),
        ("linear_elu", "attention", np.nan, "low_rank"),
        ("svd_oracle", "attention", 16.0, "factorised"),
        ("lora", "adapter", 8.0, "adapter"),
        ("ia3", "adapter", np.nan, "adapter"),
        ("seed_as_written", "layer", np.nan, "module"),
        ("sdpa", "attention", np.nan, ""),
        ("uniform", "attention", np.nan, ""),
        ("full", "adapter", np.nan, ""),
        ("head_only", "adapter", np.nan, ""),
        ("mla", "layer", np.nan, ""),
    ],
)
def test_what_an_operator_stands_for(operator, family, rank, found):
    assert subject({"operator": operator, "family": family, "rank": rank}) == found


def test_every_measure_decides_a_claim_and_every_claim_has_one():
    assert {measure.claim for measure in MEASURES.values()} == set(CLAIMS)


def test_a_generated_input_is_of_any_modality(make_row):
    assert prepare(pd.DataFrame([make_row("sdpa", 8)]))["modality"].tolist() == ["any"]


def test_captured_tensors_of_an_unknown_modality_stand_for_nothing(make_row):
    rows = [make_row("sdpa", 8, input="captured_mine"), make_row("sdpa", 16, input="captured_b", modality="audio")]

    assert prepare(pd.DataFrame(rows))["modality"].tolist() == ["audio"]


@pytest.mark.parametrize(
    ("error", "averaged", "why_not"),
    [
        (0.5, 0.8, ""),
        (0.79, 0.8, "no better than averaging"),
        (0.9, None, ""),
        (1.2, None, "no better than averaging"),
        (np.nan, 0.8, "its error was not measured"),
    ],
)
def test_what_an_approximation_saves_counts_where_it_is_one(make_row, error, averaged, why_not):
    rows = [make_row("linformer", 512, rank=64.0, attention_rel_error=error)]
    rows += [make_row("uniform", 512, attention_rel_error=averaged)] if averaged else []

    assert prepare(pd.DataFrame(rows))["why_not"].iloc[0] == why_not


def test_an_error_against_something_else_says_nothing_of_exact_attention(make_row):
    rows = [make_row("skyformer", 512, rank=64.0, attention_rel_error=0.05, error_reference="kernel_gaussian")]

    assert prepare(pd.DataFrame(rows))["why_not"].tolist() == ["its error is against kernel_gaussian"]


@pytest.mark.parametrize(("seeds", "why_not"), [(1.0, "trained with one seed"), (2.0, "")])
def test_what_was_trained_once_is_no_evidence(make_task_row, seeds, why_not):
    rows = [make_task_row("linformer", 0.8, rank=8.0, task_seeds=seeds)]

    assert prepare(pd.DataFrame(rows))["why_not"].tolist() == [why_not]


@pytest.mark.parametrize(
    ("low", "why_not"), [(-0.015, ""), (-0.025, "not sure to be as accurate"), (np.nan, "not sure to be as accurate")]
)
def test_what_is_saved_on_a_task_counts_at_equal_accuracy(make_row, low, why_not):
    task = {"scope": "model", "task": "films", "task_metric": "accuracy", "task_value": 0.8}
    ends = {"task_difference": 0.0, "task_difference_ci_low": low, "task_difference_ci_high": 0.01}
    # a small error does not stand in for accuracy
    rows = [make_row("linformer", 64, rank=8.0, output_rel_error=0.1, **task, **ends)]

    assert prepare(pd.DataFrame(rows))["why_not"].tolist() == [why_not]


def test_what_is_saved_beside_a_baseline_that_training_spoiled_is_no_evidence(make_task_row):
    rows = [make_task_row("sdpa", 0.5, task_value_before=0.8), make_task_row("linformer", 0.5, rank=8.0)]

    assert prepare(pd.DataFrame(rows))["why_not"].iloc[1] == "its baseline was better before training"


def test_a_task_that_came_to_no_value_counts_for_nothing(make_row):
    rows = [make_row("linformer", 64, rank=8.0, scope="model", task="films")]

    assert prepare(pd.DataFrame(rows))["why_not"].tolist() == ["not sure to be as accurate"]


def test_a_baseline_is_found_by_run_and_name(make_row):
    cases = prepare(pd.DataFrame([make_row("sdpa", 8), make_row("linformer", 8, rank=4.0)]))
    base = baseline_of(cases.iloc[1], cases_by_name(cases))

    assert base is not None
    assert base["operator"] == "sdpa"
    assert baseline_of({"run": "another", "baseline": "sdpa n=8 "}, cases_by_name(cases)) is None


def test_neither_baselines_nor_exact_attention_are_rivals(make_row):
    rows = [make_row("sdpa", 8), make_row("full_naive", 8), make_row("linformer", 8, rank=4.0)]

    assert rivals(prepare(pd.DataFrame(rows)))["operator"].tolist() == ["linformer"]


def test_a_comparison_has_every_column_and_names_its_cases(make_row):
    cases = prepare(pd.DataFrame([make_row("linformer", n, rank=4.0) for n in (8, 16)]))
    found = comparison("inference", cases.iloc[1], (0.5, 0.4, 0.6), line=cases)

    assert set(found) == set(COLUMNS)
    assert found["case_ids"] == "linformer n=8 4.0; linformer n=16 4.0"
    assert (found["shortest"], found["seq_len"], found["number"]) == (8, 16, 0.5)


def test_an_empty_table_gives_no_cases(make_row):
    assert prepare(pd.DataFrame([make_row("sdpa", 8)]).iloc[:0]).empty


def test_the_edge_of_a_ratio_is_one_percent_below_one():
    assert math.isclose(MEASURES["inference"].edge, 0.99)
