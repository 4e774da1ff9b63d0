"""The program as a user starts it, in a process and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SUITE = """\
suite: small
measure: {budget: 90s}
sweeps:
  one: {operator: [full_naive, linformer], num_heads: 2, head_dim: 8, seq_len: [16, 32], rank: 4, device: [cpu, cuda]}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``python -m bench`` beside a file ``small.yaml``, on a machine without a CUDA device and without data."""
    (tmp_path / "small.yaml").write_text(SUITE)
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    own = {"BENCH_DATA": str(tmp_path), "TMPDIR": str(tmp_path)}  # there also lies the lock of who measures
    environment = {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "", **own}

    def run(*words: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *python, "-m", "bench", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run
