"""A run as `bench run` stores it, with numbers put into it: failed, unsupported and skipped cases are among them."""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.attempt import Attempt, Block
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.report import exports
from bench.store.journal import Journal
from bench.store.run import Run, create
from bench.suite.manifest import manifest
from bench.table.load import load, load_rounds
from bench.verbs._options import read_plan

ROUNDS = 7
SUITE = """\
suite: small
sweeps:
  one:
    operator: [full_naive, linformer]
    device: [cpu, cuda]
    num_heads: 2
    head_dim: 8
    seq_len: [16, 32]
    rank: [4, 8]
  two: {operator: linformer, num_heads: 2, head_dim: 8, seq_len: 16, rank: 4, causal: true}
"""
FAILS = "linformer[bench] core/forward n=32 d=16 r=8 fp32 cpu head_dim=8"
HOSTILE = '=1+1,"|`<b>&\x1b[31m\n::error::$_%{}\\ ]]>\u202e'
"""A reason that a spreadsheet, a terminal, Markdown, LaTeX, XML and a CI service would take for more than text."""


def attempt(case_hash: str, group: str, number: int, seconds: float) -> Attempt:
    blocks = tuple(Block(turn=turn, calls=1, seconds=seconds) for turn in range(3))
    facts = {"peak_rss_bytes": 1 << 20}
    return Attempt(
        case_hash=case_hash, kind="timing", status="ok", group=group, round=number, blocks=blocks, facts=facts
    )


def fill(journal: Journal, plan: Any, slower: float, fails: str) -> None:
    """Writes rounds: the n-th case of a group takes about n milliseconds, the pace-maker always one."""
    for part in plan.groups:
        for case in part.cases:
            peak = {"peak_tensor_bytes": 1024 * case.seq_len}
            journal.append([Attempt(case_hash=case.case_hash, kind="cost", status="ok", facts=peak)])
        for number in range(ROUNDS):
            attempts = [attempt("pacemaker", part.name, number, 1e-3)]
            for place, case in enumerate(part.cases, 1):
                seconds = 1e-3 * place * slower * (1 + 0.01 * ((3 * number + place) % ROUNDS))
                failed = Attempt(
                    case_hash=case.case_hash,
                    kind="timing",
                    status="oom",
                    reason=HOSTILE,
                    group=part.name,
                    round=number,
                )
                fine = attempt(case.case_hash, part.name, number, seconds)
                attempts.append(failed if case.case_id == fails else fine)
            journal.append(attempts)


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Gives a function: how much slower than usual, suite, which case fails, changes of `run.json` -> a run."""
    folder = tmp_path_factory.mktemp("stored")

    def store(slower: float = 1.0, suite: str = SUITE, fails: str = FAILS, **changes: Any) -> Run:
        (folder / "small.yaml").write_text(suite)
        words = {"suite": folder / "small.yaml", "device": [], "where": [], "seed": None, "plugin": []}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CUDA_VISIBLE_DEVICES", "")
            plan = read_plan(argparse.Namespace(**words))
        versions = {"python": "3.11.7", "torch": "2.13.0+cpu", "bench": "0.1.0"}
        machine = {"name": "example-2c", "cpu_model": "Example CPU", "cores": 2, "memory_bytes": 8 << 30}
        info = {
            "schema": SCHEMA_VERSION,
            "suite": "small",
            "about": "",
            "commit": "1234567890" * 4,
            "settings": {"budget_s": 90, "precision": 0.02, "rounds": [1, ROUNDS], "seed": 0},
            "machine": machine | {"kernel": "6.1.0", "governor": None, "gpus": [], "environment": {}},
            "versions": versions,
            "columns": [dataclasses.asdict(column) for column in COLUMNS],
            "state": "done",
        }
        info["columns"].append({"name": "peak_tensor_bytes", "about": "", "kind": "number", "better": "lower"})
        entries = manifest(plan.planned, plan.groups, suite="small", threads=2, versions=versions)
        run = create(folder / "results", "small", info | entries | changes)
        with Journal(run.journal) as journal:
            fill(journal, plan, slower, fails)
        return run

    return store


@pytest.fixture(scope="session")
def read() -> Callable[[Run], SimpleNamespace]:
    """Gives a function: a run -> what an export takes, as `table`, `rounds` and `info`."""
    return lambda run: SimpleNamespace(
        table=load(run.path), rounds=load_rounds(run.path), info=run.info, name=run.name
    )


@pytest.fixture(scope="session")
def small(stored: Callable[..., Run], read: Callable[[Run], SimpleNamespace]) -> SimpleNamespace:
    """The run of `SUITE`: cases with a latency, one that failed, some without their GPU, one that has no meaning."""
    return read(stored())


@pytest.fixture(scope="session")
def slow(stored: Callable[..., Run], read: Callable[[Run], SimpleNamespace]) -> SimpleNamespace:
    """The same on a tree where every case takes one and a half times as long."""
    return read(stored(1.5))


@pytest.fixture
def tool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program that stands beside this Python."""

    def run(name: str, *words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name(name)), *map(str, words)]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def files(request, small, slow, tmp_path):
    """Gives the files of two runs in the module's `FORMAT`, the second slower by half."""
    render, found = exports.load(request.module.FORMAT).render, []
    for name, run in (("base", small), ("head", slow)):
        found.append(tmp_path / f"{name}.json")
        found[-1].write_text(render(run.table, run.rounds, run.info), encoding="utf-8")
    return found
