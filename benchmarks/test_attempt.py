"""What an isolated attempt costs above its own work: a fork, a set-up, an end. Run: python -m pytest benchmarks"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.sweep.processes import ForkServer

JOB = {"kind": "timing", "case": None, "device": "cpu", "threads": 1, "layout": 1}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkServer]:
    server = ForkServer(tmp_path / "workers.log")
    assert server.facts["torch"]
    yield server
    server.close()


def test_a_worker_from_its_fork_to_its_end(server: ForkServer, benchmark: Any) -> None:
    def attempt() -> int:
        worker = server.spawn(JOB)
        worker.ask(None, 60.0)  # the pace-maker is set up and has been called once
        worker.ask({"do": "finish"}, 60.0)
        return int(worker.finish()["code"])

    assert benchmark.pedantic(attempt, rounds=20, warmup_rounds=2) == 0
