from __future__ import annotations

import pytest

from bench.case import Case
from bench.column import COLUMNS
from bench.suite.row import case_row, cost_row, planned_row
from bench.suite.status import Planned

CASE = Case(operator="lora", scope="projection", hidden_size=8, seq_len=16, rank=2, options=(("alpha", 4.0),))
MEASURED = {"saved_for_backward_bytes"}  # a metric's column, of which the plan knows the closed form


def test_every_column_is_one_of_the_table():
    row = planned_row(Planned(CASE, "a"), "s")

    assert row.keys() - {column.name for column in COLUMNS} == MEASURED | {"estimated_peak_bytes"}


def test_a_row_says_which_case_it_is():
    row = case_row(CASE)

    assert (row["case_id"], row["case_hash"], row["options"], row["num_heads"], row["rank"]) == (
        *(CASE.case_id, CASE.case_hash, "alpha=4", None, 2),
    )


@pytest.mark.parametrize(("phase", "flops"), [("forward", 1), ("train", 3)])
def test_flops_are_of_the_whole_call(phase, flops):
    case = Case(operator="full_naive", num_heads=2, head_dim=8, hidden_size=16, seq_len=4, phase=phase)

    assert (
        cost_row(case)["flops_formula"] == flops * 4 * 2 * 4**2 * 8
    )  # operators.md: 2·b·h·n²·2c, backward twice that


def test_a_causal_case_s_ideal_is_its_pairs():
    case = Case(operator="full_naive", num_heads=2, head_dim=8, hidden_size=16, seq_len=4, causal=True)

    assert cost_row(case)["flops_ideal"] == 4 * 2 * 8 * (4 * 5 // 2)  # n(n + 1)/2 pairs, 4c FLOPs a pair and head


def test_nothing_is_saved_for_a_backward_pass_that_is_not_run():
    assert cost_row(CASE)["saved_for_backward_bytes"] is None


def test_a_case_without_a_meaning_has_the_same_columns_and_no_closed_form():
    planned, unsupported = (planned_row(Planned(CASE, "a", status), "s") for status in ("planned", "unsupported"))

    assert unsupported.keys() == planned.keys()
    assert (unsupported["flops_formula"], unsupported["estimated_peak_bytes"]) == (None, None)
