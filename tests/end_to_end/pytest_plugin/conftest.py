"""A project that lives in pytest: a folder with suites, a test of its own, and warnings that are errors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import pytest_plugin

ROOT = Path(__file__).parents[3]
PLUGINS = ("pytest_benchmark.plugin", pytest_plugin.__name__)

SUITE = """\
suite: small
fixed: {num_heads: 2, head_dim: 8, seq_len: 16, threads: 1}
sweeps:
  fine: {operator: [full_naive, linformer], rank: 4, device: [cpu, cuda]}
  causal: {operator: [sdpa, linformer], rank: 4, causal: true}
  oracle:
    {operator: svd_oracle, rank: 4, seq_len: 1024}
"""
FAULTS = """\
suite: faults
fixed: {num_heads: 2, head_dim: 8, seq_len: 16, threads: 3}
sweeps:
  faults: {operator: [sdpa, raising, late, unwilling, counting, warning]}
"""
FAULTY = """
import itertools
from bench.cost import Cost
from bench.operators._base import Attention

class _Faulty(Attention):
    scopes = frozenset({"core"})

    def core_cost(self, case):
        return Cost(forward_flops=0, backward_flops=0)

    def build(self, case, generator):
        calls = itertools.count()
        return lambda q, k, v, mask=None: self.give(v, next(calls))

class _Raising(_Faulty):
    def give(self, v, call):
        raise ValueError("it does not run on a batch")

class _Late(_Faulty):
    def give(self, v, call):
        return v / 0 * 0 if call > 20 else v.clone()

class _Unwilling(_Faulty):
    def give(self, v, call):
        raise NotImplementedError("no kernel for this shape")

class _Counting(_Faulty):
    def give(self, v, call):
        import torch
        raise ValueError(f"{torch.get_num_threads()} threads")

class _Warning(_Faulty):
    def give(self, v, call):
        import warnings
        warnings.warn("deprecated in some package", DeprecationWarning)
        return v.clone()

MEMBERS = {
    "raising": _Raising(),
    "late": _Late(),
    "unwilling": _Unwilling(),
    "counting": _Counting(),
    "warning": _Warning(),
}
"""
OWN = """
def test_threads():
    import torch
    assert torch.get_num_threads() == 2
"""

Done = subprocess.CompletedProcess[str]


class Project:
    """A folder with a suite, a test of its own, and warnings that are errors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tests").mkdir()
        for name, text in (
            ("small.yaml", SUITE),
            ("faults.yaml", FAULTS),
            ("faulty.py", FAULTY),
            ("tests/test_own.py", OWN),
            ("pytest.ini", "[pytest]\ntestpaths = tests\nfilterwarnings = error\n"),
        ):
            (folder / name).write_text(text)

    def python(self, *words: str) -> Done:
        """Runs Python there, without what the pytest around it says of itself and without a CUDA device."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
        environment |= {"CUDA_VISIBLE_DEVICES": "", "BENCH_DATA": str(self.folder)}
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def pytest(self, *words: str, plugins: tuple[str, ...] = PLUGINS) -> Done:
        """Runs pytest there, with these plug-ins and no others."""
        loaded = [word for plugin in plugins for word in ("-p", plugin)]
        return self.python("-m", "pytest", *loaded, *words)

    def collected(self, *words: str) -> list[str]:
        """Gives the ids of the items that a session would run."""
        lines = self.pytest("--collect-only", "-q", *words).stdout.splitlines()
        return [line for line in lines if "::" in line]

    @staticmethod
    def case_id(operator: str, provider: str = "bench", rank: str = "", device: str = "cpu", more: str = "") -> str:
        """Gives the case_id of one of the suites' small cases."""
        return f"{operator}[{provider}] core/forward n=16 d=16 {rank}fp32 {device} head_dim=8{more} threads=1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """Makes projects that last as long as a module's tests."""
    return lambda: Project(tmp_path_factory.mktemp("project"))
