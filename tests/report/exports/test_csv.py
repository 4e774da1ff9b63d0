from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from bench.report.exports.csv import render


@pytest.fixture(scope="module")
def text(small) -> str:
    return render(small.table, small.rounds, small.info)


def test_every_row_and_every_digit_come_back(text, small):
    back = list(csv.DictReader(io.StringIO(text)))
    numbers = small.table.select_dtypes("float64").columns

    assert [row["case_id"] for row in back] == small.table["case_id"].tolist()
    for row, (_, ours) in zip(back, small.table.iterrows(), strict=True):
        assert {name: float(row[name]) for name in numbers if row[name]} == ours[numbers].dropna().to_dict()


def test_pandas_reads_it(text, small):
    back = pd.read_csv(io.StringIO(text))

    assert back.columns.tolist() == small.table.columns.tolist()
    assert back["latency_median_s"].tolist() == pytest.approx(small.table["latency_median_s"].tolist(), nan_ok=True)


def test_whole_numbers_are_written_as_such(text):
    assert {row["seq_len"] for row in csv.DictReader(io.StringIO(text))} == {"16", "32"}


def test_a_reason_is_one_cell_in_one_line_that_no_spreadsheet_runs(text):
    reasons = {row["status"]: row["reason"] for row in csv.DictReader(io.StringIO(text))}

    assert reasons["oom"] == "'=1+1,\"|`<b>&\\x1b[31m ::error::$_%{}\\ ]]>\\u202e"
