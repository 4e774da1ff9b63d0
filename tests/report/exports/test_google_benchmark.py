from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report.exports.google_benchmark import render

FORMAT = "google_benchmark"

COMPARE = Path("/usr/share/benchmark/compare.py")
CASE = "linformer[bench]/core/forward/n:16/d:16/r:4/fp32/cpu/head_dim:8"
needs_benchstats = pytest.mark.skipif(
    importlib.util.find_spec("benchstats") is None, reason="benchstats is not installed"
)
needs_compare = pytest.mark.skipif(not COMPARE.is_file(), reason="Debian's libbenchmark-tools is not installed")


@pytest.fixture
def results(small):
    return json.loads(render(small.table, small.rounds, small.info))["benchmarks"]


def test_a_case_has_a_repetition_for_each_round_in_nanoseconds(results, small):
    row = small.table.set_index("case_id").loc["linformer[bench] core/forward n=16 d=16 r=4 fp32 cpu head_dim=8"]
    rounds = small.rounds[small.rounds["case_hash"] == row["case_hash"]]["latency_s"]
    mine = [each for each in results if each["run_name"] == CASE]
    times = {each["name"]: each["real_time"] for each in mine if each["run_type"] == "aggregate"}

    assert [e["real_time"] for e in mine if e["run_type"] == "iteration"] == pytest.approx(list(1e9 * rounds))
    assert times[f"{CASE}_median"] == pytest.approx(1e9 * row["latency_median_s"], rel=1e-12)
    assert times.keys() == {f"{CASE}_mean", f"{CASE}_median", f"{CASE}_stddev"}
    assert {each["label"] for each in mine} == {row["case_hash"]}


def test_a_failed_case_is_an_error_and_has_no_time(results):
    failed = [each for each in results if each.get("error_occurred")]

    assert [each["error_message"].split()[0] for each in failed] == ["oom:"]
    assert "real_time" not in failed[0]


def test_what_was_not_to_run_is_skipped(results, small):
    skipped = [each for each in results if each.get("skipped")]

    assert len(skipped) == small.table["status"].isin(["skipped", "unsupported"]).sum()
    assert all(each["skip_message"] and "real_time" not in each for each in skipped)


@needs_benchstats
@pytest.mark.slow
def test_benchstats_finds_two_exports_of_one_run_equal_and_a_slower_run_different(tool, files):
    equal = tool("benchstats", files[0], files[0], "real_time")
    different = tool("benchstats", *files, "real_time")

    assert equal.returncode == 0, equal.stderr
    assert different.returncode == 1, different.stderr
    assert CASE in different.stdout


@needs_compare
def test_googles_compare_prints_each_repetition_and_its_test(files):
    done = subprocess.run(
        [sys.executable, COMPARE, "--no-color", "benchmarks", *files], capture_output=True, text=True, check=False
    )
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(f"{CASE} ")]

    assert done.returncode == 0, done.stderr
    assert [float(line[1]) for line in lines] == pytest.approx([0.5] * 7, abs=1e-4)
    assert f"{CASE}_pvalue" in done.stdout


@pytest.fixture
def mended(stored, read, tmp_path):
    """Gives the file of a run in which no case failed."""
    run = read(stored(fails=""))
    (tmp_path / "mended.json").write_text(render(run.table, run.rounds, run.info), encoding="utf-8")
    return tmp_path / "mended.json"


@needs_benchstats
@pytest.mark.slow
def test_benchstats_passes_over_what_failed_in_one_of_two(tool, files, mended):
    done = tool("benchstats", mended, files[0], "real_time")

    assert "Traceback" not in done.stderr
    assert CASE in done.stdout


@needs_compare
@pytest.mark.slow
def test_googles_compare_passes_over_what_failed_in_one_of_two(files, mended):
    for pair in ([mended, files[0]], [files[0], mended]):
        done = subprocess.run(
            [sys.executable, COMPARE, "benchmarks", *pair], capture_output=True, text=True, check=False
        )

        assert done.returncode == 0, done.stderr
