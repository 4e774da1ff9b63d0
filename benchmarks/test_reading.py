"""How long a stored run takes to become a table, and a table a report."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import bench
from bench.report.build import build
from bench.table.load import load_rounds, load_runs


@pytest.fixture
def run(reference: Path, tmp_path: Path) -> Path:
    """A copy of a stored run, in which the table is younger than the journal, whatever git made of their ages."""
    copy = shutil.copytree(reference, tmp_path / "run")
    (copy / "records.parquet").touch()
    return copy


def test_a_table_from_its_records(run: Path, benchmark: Any) -> None:
    table = benchmark.pedantic(bench.load, args=(run,), rounds=15, warmup_rounds=1)

    assert table["status"].eq("ok").any()


def test_a_table_from_the_journal(run: Path, benchmark: Any) -> None:
    (run / "records.parquet").unlink()

    table = benchmark.pedantic(bench.load, args=(run,), rounds=3, warmup_rounds=1)

    assert table["status"].eq("ok").any()


@pytest.mark.slow
def test_a_report_of_one_sweep(run: Path, tmp_path: Path, benchmark: Any) -> None:
    table, rounds, infos = bench.load(run), load_rounds(run), [one.info for one in load_runs(run)]
    long = table[table["sweep"] == "long"]
    of_long = rounds[rounds["case_hash"].isin(long["case_hash"])]

    page = benchmark.pedantic(build, args=(long, of_long, infos, tmp_path / "report"), rounds=3, warmup_rounds=1)

    assert page.is_file()
