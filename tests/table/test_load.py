"""Runs on disk -> the table."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.errors import UsageError
from bench.table.load import load, load_rounds, load_runs, write_records

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
FIRST = REFERENCE / "nlp-20261124t124007-3429"  # of schema 1


def test_a_run_gives_one_row_a_case_with_the_columns_that_it_declares(planted, stored):
    table = load(stored(planted.rounds()).path)

    assert table["case_hash"].tolist() == ["base", "case"]
    assert table.columns.tolist() == [*(column.name for column in COLUMNS), "group", "family", "label"]


def test_the_declared_kinds_are_the_columns_types(planted, stored):
    table = load(stored(planted.rounds()).path)

    types = {"number": "float64", "flag": "boolean", "text": "string"}
    assert all(table[column.name].dtype == types[column.kind] for column in COLUMNS)


def test_what_is_absent_is_na(planted, stored):
    row = load(stored(planted.rounds()).path).iloc[0]

    assert row[["rank", "commit", "energy_j", "compiled"]].isna().all()


def test_a_column_of_a_metric_is_read_by_what_run_json_says_of_it(planted, stored):
    columns = [*planted.info()["columns"], {"name": "mine", "about": "My own.", "kind": "flag", "better": ""}]
    table = load(stored([planted.cost("case", mine=True), *planted.rounds()], columns=columns).path)

    assert table["mine"].tolist() == [pd.NA, True]


def test_a_folder_of_runs_is_its_runs_one_under_the_other(planted, stored):
    first, second = stored(planted.rounds()), stored(planted.rounds((1.0,)), started_utc="2026-01-02T00:00:00+00:00")

    expected = pd.concat([load(first.path), load(second.path)], ignore_index=True)
    pd.testing.assert_frame_equal(load(first.path.parent), expected)


def test_runs_come_oldest_first(planted, stored):
    later = stored([], started_utc="2026-01-02T00:00:00+00:00")
    earlier = stored([], started_utc="2026-01-01T00:00:00+00:00")

    assert [run.name for run in load_runs(later.path.parent)] == [earlier.name, later.name]


def test_the_stored_table_is_the_one_made_from_the_journal(planted, stored):
    run = stored(planted.rounds())
    from_journal = load(run.path)
    write_records(run)

    assert run.records.is_file()
    pd.testing.assert_frame_equal(load(run.path), from_journal)


def test_a_run_that_was_copied_has_its_folder_s_name_in_its_table_and_in_its_rounds(planted, stored):
    run = stored(planted.rounds())
    write_records(run)
    copied = run.path.with_name("copied")
    shutil.copytree(run.path, copied)

    assert set(load(copied)["run"]) == set(load_rounds(copied)["run"]) == {"copied"}


def test_a_journal_that_grew_after_the_table_was_stored_wins(planted, stored):
    run = stored(planted.rounds((1.0,) * 3))
    write_records(run)
    after = run.records.stat().st_mtime_ns + 1
    stored_again = stored(planted.rounds((1.0,) * 4))
    run.journal.write_bytes(stored_again.journal.read_bytes())
    os.utime(run.journal, ns=(after, after))

    assert load(run.path)["rounds"].tolist() == [4, 4]


def test_the_run_s_paces_are_stored_for_later_runs(planted, stored):
    run = stored(planted.rounds())
    write_records(run)

    assert run.info["paces_s"] == {"cpu/2": pytest.approx(planted.pace_s)}


def test_a_pace_that_is_not_known_is_not_stored(planted, stored):
    run = stored([a for a in planted.rounds() if a.case_hash != "pacemaker"])
    write_records(run)

    assert run.info["paces_s"] == {}


def test_a_later_schema_is_refused(planted, stored):
    run = stored([], schema=SCHEMA_VERSION + 1)

    with pytest.raises(UsageError) as told:
        load(run.path)
    found = f"was written by a later bench (schema {SCHEMA_VERSION + 1}, this one reads {SCHEMA_VERSION})"
    assert str(told.value) == f"{run.path}: {found}; upgrade bench"


def test_a_run_of_an_earlier_schema_gives_the_numbers_that_were_stored(tmp_path):
    """Only words of warning were added since."""
    copied = tmp_path / FIRST.name
    shutil.copytree(FIRST, copied)
    stored = load(copied)
    (copied / "records.parquet").unlink()

    pd.testing.assert_frame_equal(load(copied).drop(columns="warnings"), stored.drop(columns="warnings"))


def test_a_run_of_an_earlier_schema_stands_beside_one_of_this(planted, stored, tmp_path):
    new = stored(planted.rounds())
    shutil.copytree(FIRST, new.path.parent / FIRST.name)
    both = load(new.path.parent)

    of_old = both[both["run"] == FIRST.name]
    assert len(of_old) == len(load(FIRST))
    assert of_old[["task_status", "task_value", "learning_rate"]].isna().all(axis=None)
    assert both[both["run"] == new.name]["latency_ratio"].notna().all()


def test_a_folder_without_runs_is_told(tmp_path):
    with pytest.raises(UsageError) as told:
        load(tmp_path)

    assert str(told.value) == f"{tmp_path}: holds no run; a run's folder, or a folder of runs such as results/"


def test_a_line_that_was_changed_by_hand_is_no_attempt_and_is_warned_of(planted, stored):
    run = stored(planted.rounds())
    run.journal.write_bytes(run.journal.read_bytes().replace(b'"case"', b'"base"', 1))

    with pytest.warns(UserWarning, match=r"journal\.jsonl:\d+: the line does not match its checksum; left out"):
        table = load(run.path)

    assert table.set_index("case_hash").loc["case", "rounds"] == 5


def test_rounds_are_corrected_by_their_own_pace(planted, stored):
    table = load_rounds(stored(planted.rounds((1.0, 4.0, 1.0))).path)

    assert table[table["case_hash"] == "base"]["latency_s"].tolist() == pytest.approx([planted.base_s] * 3)


def test_a_run_without_rounds_leaves_the_types_of_those_beside_it(planted, stored):
    empty, full = stored([]), stored(planted.rounds())

    both = load_rounds(full.path.parent)
    assert load_rounds(empty.path).empty
    assert both.dtypes.tolist() == load_rounds(full.path).dtypes.tolist()
    assert (both["round"].dtype, both["latency_s"].dtype) == ("int64", "float64")


def test_bench_load_is_this(planted, stored):
    run = stored(planted.rounds())

    pd.testing.assert_frame_equal(bench.load(run.path), load(run.path))
