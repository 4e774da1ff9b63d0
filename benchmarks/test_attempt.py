"""What an isolated attempt costs above its own work: a fork, a set-up, an end."""

from __future__ import annotations

from typing import Any

from bench.case import Case
from bench.sweep.processes import ForkServer, Worker

SMALL = Case(operator="sdpa", provider="torch", seq_len=128, num_heads=4, head_dim=32, hidden_size=128)
JOB = {"kind": "timing", "case": SMALL.to_json(), "device": "cpu", "threads": 1, "layout": 1}


def test_a_worker_from_its_fork_to_its_first_call(server: ForkServer, benchmark: Any) -> None:
    alive: list[Worker] = []

    def begin() -> None:
        alive.append(server.spawn(JOB))
        alive[-1].ask(None, 60.0)  # the workload stands and has been called once

    benchmark.pedantic(begin, teardown=lambda: alive.pop().close(), rounds=12, warmup_rounds=2)


def test_a_worker_from_its_fork_to_its_end(server: ForkServer, benchmark: Any) -> None:
    def attempt() -> int:
        worker = server.spawn(JOB)
        worker.ask(None, 60.0)
        worker.ask({"do": "finish"}, 60.0)
        return int(worker.finish()["code"])

    assert benchmark.pedantic(attempt, rounds=12, warmup_rounds=2) == 0
