from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import pytest

from bench.attempt import Attempt, Block
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.store.journal import Journal
from bench.store.run import Run, create
from bench.suite.manifest import manifest
from bench.verbs._options import read_plan

ROUNDS = 4


@pytest.fixture
def stored(bench, tmp_path: Path) -> Run:
    """Gives a run of ``small.yaml`` as it lies on disk: at each length the n-th case takes n milliseconds."""
    words = {"suite": tmp_path / "small.yaml", "device": ["cpu"], "where": [], "seed": None, "plugin": []}
    plan = read_plan(argparse.Namespace(**words))
    info = {
        "schema": SCHEMA_VERSION,
        "suite": "small",
        "about": "",
        "settings": {"budget_s": 90, "precision": 0.02, "rounds": [1, ROUNDS], "seed": 0},
        "machine": {"name": "example", "cpu_model": "Example CPU", "cores": 2},
        "versions": {"torch": "2.13.0"},
        "columns": [dataclasses.asdict(column) for column in COLUMNS],
        "state": "finished",
    }
    entries = manifest(plan.planned, plan.groups, suite="small", threads=2, versions=info["versions"])
    run = create(tmp_path / "results", "small", info | entries)
    with Journal(run.journal) as journal:
        for part in plan.groups:
            for number in range(ROUNDS):
                names = ["pacemaker", *(case.case_hash for case in part.cases)]
                journal.append(attempt(name, part.name, number, 1e-3 * (i + 1)) for i, name in enumerate(names))
    return run


def attempt(case_hash: str, group: str, number: int, seconds: float) -> Attempt:
    blocks = tuple(Block(turn=turn, calls=1, seconds=seconds) for turn in range(3))
    return Attempt(case_hash=case_hash, kind="timing", status="ok", group=group, round=number, blocks=blocks)


@pytest.mark.slow
def test_a_stored_run_is_found_by_its_name_and_reported(bench, stored, tmp_path):
    done = bench("report", stored.name)
    page = Path("reports") / stored.name / "index.html"

    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{page}\n")
    assert "6 measured of 6" in (tmp_path / page).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_run_named_twice_is_reported_once(bench, stored, tmp_path):
    done = bench("report", stored.name, str(stored.path), "--output", "here")

    assert done.stdout == "here/index.html\n"
    assert "6 measured of 6" in (tmp_path / "here/index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_unknown_run_is_told(bench):
    done = bench("report", "nowhere")

    assert done.returncode == 2
    assert done.stderr == "error: results/nowhere: is no run (it has no run.json); a folder under results/\n"
