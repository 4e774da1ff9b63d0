from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.report.terminal import closing


def shown(table) -> str:
    console = Console(file=io.StringIO(), width=200)
    closing(table, console)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def printed(table) -> str:
    return shown(table)


def test_each_timed_group_has_a_line_with_its_baseline_and_its_fastest(printed, table):
    measured = table[table["latency_ratio"].notna()]

    assert (
        sum("SDPA" in line or "plain layer" in line for line in printed.splitlines()) == measured["group"].nunique()
    )


def test_failed_cases_are_named_with_their_reason(printed):
    assert "oom: full_naive[bench] core/forward n=4096 d=512 fp32 cpu input=smooth: asked for 1.1 GiB" in printed


def test_the_last_line_counts_the_statuses(printed):
    assert printed.splitlines()[-1] == "231 cases: 202 ok, 24 skipped, 3 unsupported, 1 oom, 1 timeout"


@pytest.mark.parametrize(("column", "name"), [("provider", "lucid"), ("operator", "uniform")])
def test_a_package_beside_ours_and_averaging_are_never_the_fastest(table, column, name):
    group = table[table["group"] == table.loc[table[column] == name, "group"].iloc[0]]
    quick = group.assign(latency_ratio=group["latency_ratio"].where(group[column] != name, 0.001))

    assert "0.001" not in shown(quick)


def test_what_only_a_package_has_is_named_with_the_package(table):
    group = table[(table["group"] == table.loc[table["provider"] == "lucid", "group"].iloc[0])]
    alone = group[(group["case_id"] == group["baseline"]) | (group["provider"] == "lucid")]

    assert "Linformer [lucid] r=64" in shown(alone)


def test_a_task_that_failed_beside_a_good_latency_is_named(table):
    row = table[table["status"] == "ok"].iloc[:1]
    failed = row.assign(task_status="timeout", task_reason="3 of 3 seeds: 60 s")

    assert f"timeout: {row['case_id'].iloc[0]}: 3 of 3 seeds: 60 s" in shown(failed)


def test_a_table_that_knows_no_task_is_printed_all_the_same(table, printed):
    console = Console(file=io.StringIO(), width=200)
    closing(table.drop(columns=["task_status", "task_reason"]), console)

    assert console.file.getvalue() == printed
