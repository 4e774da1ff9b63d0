"""Workers that are killed, eat memory, hang, or compute nonsense: each becomes a status, and nothing else changes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bench

pytestmark = pytest.mark.slow

_SUITE = """
suite: faults
measure: {budget: 5m, precision: 0.0001, rounds: [3, 3], time_limit: 8s, memory_limit: 500000000}
fixed: {threads: 1}
sweeps:
  all: {operator: [sdpa, full_naive, killed, eater, hanging, not_a_number, raising], num_heads: 2,
        head_dim: 32, seq_len: 64}
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    (folder / "suite.yaml").write_text(_SUITE)
    command = [sys.executable, "-m", "bench", "run", "suite.yaml", "--plugin", "faulty", "--no-report"]
    environment = {
        **os.environ,
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert (folder / "results").is_dir(), process.stderr
    return process, bench.load(folder / "results").set_index("operator")


@pytest.mark.parametrize(
    ("operator", "status", "reason"),
    [
        ("killed", "crashed", "killed by signal 9 (SIGKILL)"),
        ("hanging", "timeout", "no answer within 8 s; killed"),
        ("not_a_number", "nan", "the output has 4096 values that are not finite"),
    ],
)
def test_a_failure_has_its_status_and_its_reason(done, operator, status, reason):
    row = done[1].loc[operator]

    assert (row["status"], row["reason"]) == (status, reason)


def test_a_worker_that_eats_memory_is_oom(done):
    row = done[1].loc["eater"]

    assert row["status"] == "oom"
    assert "allocate memory" in row["reason"]


def test_an_exception_is_told_with_its_place(done):
    reason = done[1].loc["raising", "reason"]

    assert reason.startswith("ValueError: the article's line does not run on a batch (fail, faulty.py:")


def test_the_other_cases_are_measured_as_if_nothing_had_happened(done):
    others = done[1].loc[["sdpa", "full_naive"]]

    assert others["status"].tolist() == ["ok", "ok"]
    assert others["rounds"].tolist() == [3, 3]
    assert (others["latency_ci_high_s"] > others["latency_median_s"]).all()


def test_a_failed_case_carries_no_latency(done):
    failed = done[1].drop(index=["sdpa", "full_naive"])

    assert failed["latency_median_s"].isna().all()


def test_the_run_ends_with_exit_code_3(done):
    assert done[0].returncode == 3
