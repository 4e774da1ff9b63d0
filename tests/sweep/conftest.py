"""Real fork servers, small cases, and plug-ins that misbehave."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.case import Case
from bench.sweep.processes import ForkServer
from bench.sweep.round import Limits

SMALL = {"seq_len": 32, "hidden_size": 32, "num_heads": 2, "head_dim": 16, "threads": 1}


@pytest.fixture(scope="module", autouse=True)
def own_locks(tmp_path_factory):
    """Locks of devices in a folder of this module's, so that a real run on this machine is no hindrance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("locks")))
        yield


@pytest.fixture(scope="session")
def sdpa() -> Case:
    return Case(operator="sdpa", provider="torch", **SMALL)


@pytest.fixture(scope="session")
def naive(sdpa: Case) -> Case:
    return sdpa.replace(operator="full_naive", provider="bench")


@pytest.fixture(scope="session")
def limits() -> Limits:
    return Limits(answer_s=120.0, memory_bytes=1 << 31, threads=1)


@pytest.fixture(scope="session")
def job() -> Callable[..., dict[str, object]]:
    """Gives a function: case (or nothing, for the pace-maker) -> the job of timing it."""

    def of(case: Case | None, **changes: object) -> dict[str, object]:
        plain = {"kind": "timing", "device": "cpu", "threads": 1, "memory_bytes": 1 << 31, "layout": 1}
        return {**plain, "case": case.to_json() if case else None, **changes}

    return of


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    server = ForkServer(tmp_path_factory.mktemp("server") / "workers.log")
    yield server
    server.close()


@pytest.fixture
def server_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ForkServer]]:
    """Gives a function: text of a plug-in -> a fork server that has it; its log is ``workers.log``."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    servers: list[ForkServer] = []

    def start(plugin: str) -> ForkServer:
        (tmp_path / "plugin_of_test.py").write_text(plugin)
        servers.append(ForkServer(tmp_path / "workers.log", ["plugin_of_test"]))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def alive() -> Callable[[int], bool]:
    """Gives a function: pid -> whether that process still runs (a zombie does not)."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False

    return runs
