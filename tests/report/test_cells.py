from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.report.cells import cell_text, csv_safe, write_csv


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("latency_median_s", 0.0012, "1.2 ms"),
        ("peak_tensor_bytes", 3 * 2**20, "3 MiB"),
        ("bytes_min", 1024.0, "1 KiB"),
        ("flops_per_s", 1.5e9, "1.5G/s"),
        ("flops_formula", 2e6, "2M"),
        ("parameters", 272.0, "272"),
        ("seq_len", 4096.0, "4096"),
        ("latency_ratio", 0.123456, "0.123"),
        ("causal", np.True_, "yes"),
        ("causal", False, "no"),
        ("status", "ok", "ok"),
        ("rank", float("nan"), ""),
        ("options", pd.NA, ""),
        ("reason", None, ""),
    ],
)
def test_a_cell_is_told_in_the_unit_of_its_column(name, value, text):
    assert cell_text(name, value) == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_made_text(start):
    frame = csv_safe(pd.DataFrame({"reason": [f"{start}1+1", "plain"]}))

    assert frame["reason"].tolist() == [f"'{start}1+1", "plain"]


def test_negative_numbers_stay_numbers(tmp_path):
    write_csv(pd.DataFrame({"x": [-1.5]}), tmp_path / "x.csv")

    assert (tmp_path / "x.csv").read_text() == "x\n-1.5\n"


def test_numbers_keep_every_digit(tmp_path):
    write_csv(pd.DataFrame({"x": [0.1 + 0.2]}), tmp_path / "x.csv")

    assert float((tmp_path / "x.csv").read_text().split()[1]) == 0.1 + 0.2
