"""A driver that is killed in mid-run, and the run that is taken up from its journal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench
from bench.store.journal import read_journal

pytestmark = pytest.mark.slow

SUITE = """
suite: small
measure: {budget: 5m, precision: 0.00001, rounds: [3, 3]}
fixed: {threads: 1}
sweeps:
  core: {operator: [sdpa, full_naive, linformer], num_heads: 2, head_dim: 16, seq_len: [32, 64], rank: [4, 8]}
  projection: {scope: projection, phase: train, operator: [full, lora], hidden_size: 64, seq_len: 32, rank: 4}
"""


def environment(folder: Path) -> dict[str, str]:
    """A device lock of its own, so that a run elsewhere on this machine does no harm to the test."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(folder)}


def start(folder: Path, *options: str, suite: str = SUITE) -> subprocess.Popen[str]:
    """Starts a run of the suite in a folder."""
    (folder / "suite.yaml").write_text(suite)
    command = [sys.executable, "-m", "bench", "run", "suite.yaml", "--no-report", *options]
    return subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True)


def until(process: subprocess.Popen[str], words: str) -> None:
    """Reads what a run prints up to a line with these words."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"the run ended without saying {words!r}")


@contextlib.contextmanager
def stopped(folder: Path, number: signal.Signals, *options: str, suite: str = SUITE) -> Iterator[tuple[str, int]]:
    """A run that got a signal after its second group's first round; gives its name and its exit code."""
    with start(folder, *options, suite=suite) as process:
        until(process, "round 1:")
        until(process, "round 1:")
        process.send_signal(number)
        process.communicate(timeout=120)
    (run,) = (folder / "results").iterdir()
    yield run.name, process.returncode


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with start(folder) as process:
        process.communicate(timeout=300)
    return folder / "results"


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    with stopped(folder, signal.SIGKILL) as (name, code):
        assert code == -signal.SIGKILL
        journal = folder / "results" / name / "journal.jsonl"
        kept = journal.read_bytes().rpartition(b"\n")[0]
        with start(folder, "--resume", name) as process:
            process.communicate(timeout=300)
        assert process.returncode == 0
        assert journal.read_bytes().startswith(kept)
    return folder / "results"


def test_a_killed_run_that_is_resumed_has_the_records_of_a_whole_one(whole: Path, resumed: Path) -> None:
    columns = ["case_id", "case_hash", "status", "rounds"]

    expected, got = (bench.load(results)[columns] for results in (whole, resumed))
    assert got.equals(expected)
    assert set(got["status"]) == {"ok"}


def test_what_was_measured_before_the_kill_is_not_measured_again(whole: Path, resumed: Path) -> None:
    def passes(results: Path) -> list[tuple[str, str]]:
        (run,) = results.iterdir()
        attempts = read_journal(run / "journal.jsonl").attempts
        return sorted((a.case_hash, a.kind) for a in attempts if a.kind != "timing")

    assert passes(resumed) == passes(whole)
    (run,) = resumed.iterdir()
    rounds = [(a.group, a.round, a.case_hash) for a in read_journal(run / "journal.jsonl").attempts if a.blocks]
    assert len(rounds) == len(set(rounds))


def test_ctrl_c_keeps_what_is_measured_and_ends_with_130(tmp_path: Path) -> None:
    with stopped(tmp_path, signal.SIGINT) as (name, code):
        table = bench.load(tmp_path / "results" / name)

    assert code == 130
    assert set(table["status"]) == {"ok", "interrupted"}


def test_a_run_is_taken_up_with_its_plug_ins(tmp_path: Path) -> None:
    text = "from bench import operators\nMEMBERS = {'mine': operators.load('full_naive')}\n"
    (tmp_path / "mine.py").write_text(text)
    suite = SUITE.replace("full_naive", "mine")
    with (
        stopped(tmp_path, signal.SIGTERM, "--plugin", "mine", suite=suite) as (name, _),
        start(tmp_path, "--resume", name, suite=suite) as process,
    ):
        process.communicate(timeout=300)

    assert process.returncode == 0
    assert set(bench.load(tmp_path / "results")["status"]) == {"ok"}


def test_another_suite_is_not_resumed(tmp_path: Path) -> None:
    with stopped(tmp_path, signal.SIGTERM) as (name, _):
        (tmp_path / "suite.yaml").write_text(SUITE.replace("[32, 64]", "[32]"))
        command = [sys.executable, "-m", "bench", "run", "suite.yaml", "--resume", name]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=60
        )

    told = f"error: --resume {name}: suite.yaml is not the suite file of that run; start a new run\n"
    assert (done.returncode, done.stderr) == (2, told)
