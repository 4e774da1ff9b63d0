"""An operator is one file: written into a copy of the package, it is listed, planned, swept and checked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPERATOR = '''"""Attention with a rectifier in the place of softmax."""

import math

from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min


class Relu(Attention):
    """``relu(q kᵀ / √c) v / n``. Source: Wortsman et al., arXiv 2309.08586, section 3."""

    label = "ReLU"
    nonnegative = True

    def core_cost(self, case):
        """Scores and their product with v: 2·b·h·n²·c each. Kept: q/√c, k, v/n and the weights."""
        entries = case.batch_size * case.num_heads * case.seq_len
        scores, output = (case.element_bytes * entries * width for width in (case.seq_len, case.head_dim))
        flops = 4 * entries * case.seq_len * case.head_dim
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * scores,
            saved_bytes=3 * output + scores,
            forward_peak_bytes=2 * scores + output,
            train_peak_bytes=3 * scores + 3 * output,
        )

    def build(self, case, generator):
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        return lambda q, k, v, mask=None: (q / math.sqrt(q.shape[-1]) @ k.mT).relu() @ (v / k.shape[-2])


OPERATOR = Relu()
'''
SUITE = """
suite: newcomer
fixed: {threads: 1}
measure: {budget: 2m, precision: 0.0001, rounds: [2, 2]}
sweeps:
  core: {scope: core, operator: [sdpa, relu], provider: all, num_heads: 2, head_dim: 8, seq_len: 64, input: iid}
"""

Run = Callable[..., str]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("newcomer") / "bench"
    shutil.copytree(ROOT / "bench", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def touched(package: Path) -> dict[str, bytes]:
    """Adds the operator; gives the package as it was before."""
    before = contents(package)
    (package / "operators" / "attention" / "relu.py").write_text(OPERATOR, encoding="utf-8")
    return before


@pytest.fixture
def python(package: Path, touched: dict[str, bytes], tmp_path: Path) -> Run:
    """Runs this Python on the copy, in a folder that is not the checkout, and gives what it prints."""
    paths = os.pathsep.join([str(package.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    settings = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}

    def run(*arguments: str | Path) -> str:
        command = [sys.executable, *arguments]
        environment = {**os.environ, **settings}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "newcomer.yaml"
    path.write_text(SUITE)
    return path


def test_it_takes_no_more_than_40_lines() -> None:
    assert len(OPERATOR.splitlines()) <= 40


def test_it_is_listed_with_its_first_sentence(python: Run) -> None:
    rows = {row["operator"]: row for row in json.loads(python("-m", "bench", "operators", "--format", "json"))}

    assert rows["relu"]["reason"] is None
    assert rows["relu"]["about"].startswith("``relu(q kᵀ / √c) v / n``.")


def test_it_is_planned_with_its_closed_forms(python: Run, suite: Path) -> None:
    rows = {row["operator"]: row for row in json.loads(python("-m", "bench", "plan", suite, "--format", "json"))}

    # two products of 2 heads, 64² pairs, 8 wide
    assert rows["relu"]["flops_formula"] == 2 * 2 * 2 * 64 * 64 * 8


@pytest.mark.slow
def test_it_is_swept_beside_ours(python: Run, suite: Path, tmp_path: Path) -> None:
    python("-m", "bench", "run", suite, "--results", tmp_path / "results", "--no-report")
    code = f"import bench; print(bench.load({str(tmp_path / 'results')!r}).to_json(orient='records'))"

    row = next(row for row in json.loads(python("-c", code)) if row["operator"] == "relu")
    assert (row["status"], row["label"]) == ("ok", "ReLU")
    assert row["latency_ratio"] > 0
    assert row["output_rel_error"] > 0


@pytest.mark.slow
def test_it_keeps_the_contract(python: Run) -> None:
    python("-W", "error", "-c", "import bench.testing; bench.testing.check_operator('relu')")


def test_no_other_file_was_touched(python: Run, package: Path, touched: dict[str, bytes], suite: Path) -> None:
    python("-m", "bench", "plan", suite)

    after = contents(package)
    assert {path for path in after if after[path] != touched.get(path)} == {"operators/attention/relu.py"}
    assert touched.keys() <= after.keys()
