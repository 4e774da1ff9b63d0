"""A stranger's operator: a package of its own, installed by pip, seen by the catalogue, planned and checked."""

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
PLUGIN = ROOT / "examples" / "plugin"
SUITE = """
suite: stranger
sweeps:
  blocks: {scope: core, operator: [sdpa, block_local], provider: all, num_heads: 2, head_dim: 8,
           seq_len: [64, 100], input: iid}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs this Python with the plug-in installed, in a folder that is not the checkout."""
    folder = tmp_path_factory.mktemp("plugin")
    source, target, elsewhere = folder / "source", folder / "installed", folder / "elsewhere"
    shutil.copytree(PLUGIN, source)  # building writes into the source
    elsewhere.mkdir()
    shutil.copy(source / "test_block_local.py", elsewhere)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--target", target, source], check=True)
    paths = os.pathsep.join([str(target), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=environment, cwd=elsewhere, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "stranger.yaml"
    path.write_text(SUITE)
    return path


@pytest.mark.slow
def test_the_catalogue_lists_it_and_says_which_package_gives_it(python: Run) -> None:
    code = "from bench import operators; print(operators.names(), operators.catalogue.place('block_local'))"

    printed = python("-c", code).stdout
    assert "'block_local'" in printed
    assert "bench_block_local:OPERATOR" in printed


@pytest.mark.slow
def test_a_plan_has_its_closed_forms_and_its_refusal(python: Run, suite: Path) -> None:
    rows = json.loads(python("-m", "bench", "plan", suite, "--format", "json").stdout)

    own = {row["seq_len"]: row for row in rows if row["operator"] == "block_local"}
    # 2 heads, 64 tokens, 8 wide, blocks of 16: twice 2·h·n·w·c
    assert own[64]["flops_formula"] == 4 * 2 * 64 * 16 * 8
    assert (own[100]["status"], own[100]["reason"]) == (
        "unsupported",
        "seq_len 100 is no multiple of the window, 16",
    )


@pytest.mark.slow
def test_it_keeps_the_contract_by_the_tests_that_it_ships(python: Run) -> None:
    assert " passed" in python("-m", "pytest", "-q", "-W", "error", "test_block_local.py").stdout


@pytest.mark.slow
def test_it_is_swept_beside_ours_with_nothing_changed_here(python: Run, tmp_path: Path) -> None:
    suite = tmp_path / "sweep.yaml"
    suite.write_text(SUITE + "fixed: {threads: 1}\nmeasure: {budget: 2m, precision: 0.0001, rounds: [2, 2]}\n")
    python("-m", "bench", "run", suite, "--results", tmp_path / "results", "--no-report")
    code = f"import bench; print(bench.load({str(tmp_path / 'results')!r}).to_json(orient='records'))"

    rows = json.loads(python("-c", code).stdout)
    own = {(row["operator"], row["seq_len"]): row for row in rows}
    assert own["block_local", 64]["status"] == "ok"
    assert own["block_local", 64]["rounds"] == 2
    assert own["block_local", 64]["latency_ratio"] > 0
    assert own["block_local", 64]["provider_version"]
