"""The largest learning rate at which a network still trains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.learning_rates import largest_rates, learning_rate_findings, trains


@pytest.fixture
def line(make_task_row):
    """Gives a function: an operator, its value at each learning rate (absent: it diverged) -> its rows."""

    def of(operator, values, **changes):
        rows = []
        for rate, value in values.items():
            words = {"case_id": f"{operator} lr={rate}", "baseline": f"sdpa lr={rate}", "learning_rate": rate}
            if value is None:
                words |= {"task_status": "diverged"}
            rows.append(make_task_row(operator, value or np.nan, **{"task_majority": 0.1, **words, **changes}))
        return rows

    return of


def test_the_largest_that_trains_is_told_for_each_operator(line):
    rows = [
        *line("sdpa", {0.001: 0.9, 0.01: 0.96, 0.1: None}),
        *line("linformer", {0.001: 0.9, 0.01: 0.4, 0.1: 0.1}, rank=8.0),
        *line("uniform", {0.001: 0.11, 0.01: 0.1, 0.1: 0.1}),
        *line("nystrom", {0.001: 0.9, 0.01: 0.9, 0.1: 0.95}, rank=8.0),
    ]
    (finding,) = learning_rate_findings(pd.DataFrame(rows))

    assert finding.where == "digits, 2 layers trained from scratch for 100 steps, n=64, 3 seeds"
    assert finding.headline == (
        "Largest learning rate that trains: nystrom r=8 0.1 or more, sdpa 0.01, linformer r=8 0.001, uniform none."
    )
    assert finding.details == (
        "1 of 3 need a smaller one than sdpa, 1 get half as far at none.",
        "nystrom r=8: 0.9 at 0.001, 0.9 at 0.01, 0.95 at 0.1.",
        "sdpa: 0.9 at 0.001, 0.96 at 0.01, diverged at 0.1.",
        "linformer r=8: 0.9 at 0.001, 0.4 at 0.01, 0.1 at 0.1.",
        "uniform: 0.11 at 0.001, 0.1 at 0.01, 0.1 at 0.1.",
    )
    assert finding.numbers == {"lines": 4, "trained": 3, "smaller_than_baseline": 1}


def test_half_way_from_the_start_to_the_best_is_training(line):
    rows = pd.DataFrame(line("sdpa", {0.001: 0.9, 0.01: 0.51, 0.1: 0.49}))

    assert trains(rows, rows).tolist() == [True, True, False]


def test_a_line_whose_best_may_be_the_start_trains_nowhere(line):
    rows = pd.DataFrame(line("sdpa", {0.001: 0.115, 0.01: 0.1}))

    assert trains(rows, rows).tolist() == [False, False]


def test_without_a_majority_the_start_is_the_value_before_training(line):
    words = {"task_majority": np.nan, "task_value_before": 4.0, "task_metric": "bits_per_character"}
    rows = pd.DataFrame(line("sdpa", {0.001: 2.0, 0.01: 3.5}, **words))

    assert trains(rows, rows).tolist() == [True, False]


def test_a_line_without_values_trains_nowhere(line):
    rows = pd.DataFrame(line("sdpa", {0.001: None, 0.01: None}))

    assert trains(rows, rows).tolist() == [False, False]


def test_all_are_asked_for_half_of_what_the_baseline_gains(line):
    base, other = (
        pd.DataFrame(line(name, values))
        for name, values in (
            ("sdpa", {0.001: 0.9, 0.01: 0.8, 0.1: 0.1}),
            ("linear_elu", {0.001: 0.6, 0.01: 0.51, 0.1: 0.45}),
        )
    )

    assert trains(other, base).tolist() == [True, True, False]
    assert trains(other, other).tolist() == [True, True, True]


def test_what_was_tried_stands_beside_the_answer(line):
    (row,) = largest_rates(pd.DataFrame(line("sdpa", {0.001: 0.9, 0.1: None}))).to_dict("records")

    assert (row["learning_rate"], row["smallest"], row["largest"], row["beyond"]) == (0.001, 0.001, 0.1, True)
    assert (row["is_baseline"], row["case_ids"]) == (True, "sdpa lr=0.001; sdpa lr=0.1")


def test_a_rate_that_was_not_tried_is_none_that_fails(line):
    rows = line("sdpa", {0.01: 0.9, 0.1: 0.9}) + line("linformer", {0.001: 0.9, 0.01: 0.9}, rank=8.0)
    rows += line("linformer", {0.1: np.nan}, rank=8.0, task_status="skipped")
    (finding,) = learning_rate_findings(pd.DataFrame(rows))

    assert finding.headline == "Largest learning rate that trains: sdpa 0.1 or more, linformer r=8 0.01 or more."
    assert finding.details[0] == "0 of 1 need a smaller one than sdpa."


def test_a_baseline_that_trains_at_the_smallest_rate_only_shows_nobody_who_needs_a_smaller_one(line):
    rows = line("sdpa", {0.01: 0.9, 0.1: 0.1}) + line("nystrom", {0.01: 0.4, 0.1: 0.1}, rank=8.0)
    (finding,) = learning_rate_findings(pd.DataFrame(rows))

    assert finding.details[:2] == (
        "0 of 1 need a smaller one than sdpa, 1 get half as far at none.",
        "No smaller one was tried than the baseline's: who needs one cannot be told.",
    )


def test_one_learning_rate_answers_nothing(line, make_row):
    assert largest_rates(pd.DataFrame(line("sdpa", {0.001: 0.9}))).empty
    assert list(learning_rate_findings(pd.DataFrame([make_row("sdpa", 64)]))) == []
