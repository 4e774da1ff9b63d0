from __future__ import annotations

import csv
import importlib.util
import json

import pandas as pd
import pytest

from bench.report.exports.pytest_benchmark import render

FORMAT = "pytest_benchmark"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pytest_benchmark") is None, reason="pytest-benchmark is not installed"
)


def test_pytest_benchmark_compare_reads_every_case_and_every_digit(tool, files, small):
    out = files[0].with_suffix(".csv")
    done = tool("pytest-benchmark", "compare", files[0], f"--csv={out}", cwd=out.parent)
    rows = {row["name"]: row for row in csv.DictReader(out.read_text().splitlines())}
    timed = small.table[small.table["status"] == "ok"]

    assert "Failed to load" not in done.stdout + done.stderr  # it would end with 0 all the same
    assert {name.removeprefix("small::") for name in rows} == set(timed["case_id"])
    for row in timed.itertuples():
        read = rows[f"small::{row.case_id}"]
        assert float(read["median"]) == pytest.approx(row.latency_median_s, rel=1e-12)
        assert (read["rounds"], read["param:seq_len"]) == ("7", f"{row.seq_len:.0f}")


def test_it_finds_the_slowdown_between_two_runs(tool, files):
    done = tool("pytest-benchmark", "compare", *files, "--between=median", cwd=files[0].parent)

    assert done.stdout.count("+50.0%") == 7


def test_the_groups_are_ours(tool, files, small):
    done = tool("pytest-benchmark", "compare", files[0], cwd=files[0].parent)

    assert all(
        f"'{name}'" in done.stdout for name in small.table.loc[small.table["status"] == "ok", "group"].unique()
    )


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 40])
def test_statistics_are_those_of_pytest_benchmark(small, count):
    from pytest_benchmark.stats import Stats

    case = small.table.loc[small.table["status"] == "ok", "case_hash"].iloc[0]
    values = [1e-3 * (1 + (7 * i * i) % 41) for i in range(count)]
    rounds = small.rounds[small.rounds["case_hash"] == case].iloc[[0] * count].assign(latency_s=values)
    others = small.rounds[small.rounds["case_hash"] != case]
    text = render(small.table, pd.concat([rounds, others]), small.info)
    theirs = Stats()
    for value in values:
        theirs.update(value)

    ours = next(b for b in json.loads(text)["benchmarks"] if b["extra_info"]["case_hash"] == case)["stats"]
    assert ours.pop("data") == values
    assert ours.pop("iterations") == 1
    assert ours.pop("outliers") == theirs.outliers
    assert ours == {
        name: pytest.approx(getattr(theirs, name), rel=1e-12) for name in Stats.fields if name != "outliers"
    }


def test_what_else_is_known_of_a_case_is_its_extra_info(small):
    benchmarks = json.loads(render(small.table, small.rounds, small.info))["benchmarks"]
    rows = small.table.set_index("case_id")

    for each in benchmarks:
        assert each["extra_info"]["case_hash"] == rows.loc[each["name"], "case_hash"]
        assert each["extra_info"]["latency_ratio_ci_high"] == rows.loc[each["name"], "latency_ratio_ci_high"]
