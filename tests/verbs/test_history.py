"""`bench history` over a folder of runs, as a user starts it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from bench.attempt import Attempt, Block
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.store.journal import Journal
from bench.store.run import create

BASE_S, PACE_S = 2e-3, 1e-3


def planned(name: str) -> dict[str, object]:
    row = {
        "case_id": f"{name}[bench] core/forward n=64",
        "case_hash": name,
        "operator": name,
        "device": "cpu",
        "threads": 1,
        "dtype": "float32",
        "phase": "forward",
        "baseline": "base[bench] core/forward n=64",
    }
    where = {"case_hash": name, "baseline_hash": "base", "row": row}
    return {**where, "status": "planned", "reason": "", "timed": True}


def timed(name: str, number: int, seconds: float) -> Attempt:
    """Gives an attempt of three turns that scatter by a percent about `seconds`."""
    blocks = tuple(Block(turn=t, calls=1, seconds=seconds * (1 + 0.01 * (t - 1))) for t in range(3))
    return Attempt(case_hash=name, kind="timing", status="ok", group="g", round=number, blocks=blocks)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Twelve runs on a machine that gets slower each time; from the seventh on `case` takes 0.6 in place of 0.5."""
    folder = tmp_path / "results"
    for number in range(12):
        info = {
            "schema": SCHEMA_VERSION,
            "commit": f"{number:x}" * 40,
            "started_utc": f"2026-01-{number + 1:02}T00:00:00+00:00",
            "settings": {"budget_s": 60.0, "precision": 0.02, "rounds": [3, 8]},
            "machine": {"name": "m"},
            "versions": {"torch": "2.13.0"},
            "columns": [dataclasses.asdict(column) for column in COLUMNS],
            "state": "done",
            "suite": "s",
            "cases": [planned("base"), planned("case")],
        }
        run = create(folder, "s", info)
        ratio = (0.5 if number < 6 else 0.6) * (1 + 0.002 * (number % 3))
        with Journal(run.journal) as journal:
            for place in range(3):
                slow = 1 + 0.1 * number
                journal.append([timed("base", place, BASE_S * slow), timed("case", place, ratio * BASE_S * slow)])
                journal.append([timed("pacemaker", place, PACE_S * slow)])
            if number == 3:
                journal.append(
                    [Attempt(case_hash="case", kind="timing", status="oom", reason="why", group="g", round=3)]
                )
    return folder


@pytest.mark.slow
def test_what_changed_is_told_with_its_commits_and_drawn(bench, results, tmp_path):
    done = bench("history")
    lines = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == "case[bench] core/forward n=64"
    assert lines[2].startswith("  +20.0 %")
    assert "between 5555555 and 6666666" in lines[2]
    assert lines[-1] == "report reports/history-results-latency_ratio/summary.md"
    assert (tmp_path / "reports/history-results-latency_ratio/history.png").is_file()


@pytest.mark.slow
def test_a_case_is_shown_run_by_run_with_its_failure(bench, results):
    found = json.loads(bench("history", "case", "--format", "json", "--output", "here").stdout)

    assert [series["case_hash"] for series in found] == ["case"]
    assert [run["status"] for run in found[0]["runs"]].index("oom") == 3
    assert found[0]["runs"][3]["value"] is None


@pytest.mark.slow
def test_a_folder_without_changes_says_so_and_draws_nothing(bench, results, tmp_path):
    done = bench("history", "--where", "operator=base", "--format", "markdown")

    assert done.stdout.strip() == "- 1 series: 0 changed, 1 did not"
    assert not (tmp_path / "reports").exists()


def test_a_folder_without_runs_is_a_usage_error(bench, tmp_path):
    done = bench("history", "--results", "nowhere")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: nowhere: holds no run; a run's folder, or a folder of runs such as results/\n"


def test_a_margin_below_zero_is_a_usage_error(bench):
    done = bench("history", "--margin", "-1")

    assert (done.returncode, done.stderr) == (2, "error: --margin: -1 is below 0; --margin 0.02\n")
