"""A worker's conversation, over a socket as in a run, and what becomes of its faults."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.column import Column
from bench.measure import inputs, passes, workload
from bench.measure.worker import classify, serve

CASE = Case(operator="full_naive", seq_len=16, hidden_size=16, num_heads=2, head_dim=8, threads=1)
Talk = Callable[..., list[dict[str, Any]]]
LIMITED = """
import torch
from bench.measure.worker import _limit_memory

_limit_memory({"memory_bytes": 256 << 20, "device": "cpu"})
for size in (128 << 20, 512 << 20):
    try:
        torch.ones(size, dtype=torch.uint8)
        print("fits")
    except RuntimeError:
        print("oom")
"""


@pytest.fixture
def talk() -> Iterator[Talk]:
    """Gives a function: a job and orders -> all that a worker says to them before it ends."""

    def converse(job: dict[str, Any], *orders: dict[str, Any]) -> list[dict[str, Any]]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(b"".join(json.dumps(order).encode() + b"\n" for order in orders))
            ours.shutdown(socket.SHUT_WR)  # the driver says no more: the worker ends
            serve(theirs, {"device": "cpu", "threads": 1, "layout": 1, **job})
            theirs.close()
            with ours.makefile() as said:
                return [json.loads(line) for line in said]

    before = torch.get_num_threads()
    yield converse
    torch.set_num_threads(before)


def timing(case: Case | None) -> dict[str, Any]:
    return {"kind": "timing", "case": case.to_json() if case else None}


def test_a_worker_speaks_first_and_then_answers_each_order_once(talk: Talk) -> None:
    orders = [{"do": "warm"}, {"do": "block", "turn": 3}, {"do": "block", "turn": 7}, {"do": "finish"}]
    said = talk(timing(CASE), *orders)

    assert [next(iter(answer)) for answer in said] == ["built", "warm", "block", "block", "finished"]
    assert [answer["block"]["turn"] for answer in said[2:4]] == [3, 7]


def test_every_block_has_as_many_calls(talk: Talk) -> None:
    said = talk(timing(CASE), {"do": "warm"}, *({"do": "block", "turn": turn} for turn in range(4)))

    assert len({answer["block"]["calls"] for answer in said[2:]}) == 1


def test_the_digest_is_that_of_the_case(talk: Talk) -> None:
    said = talk(timing(CASE), {"do": "finish"})

    assert said[-1]["finished"]["digest"] == passes.digest(workload.build(CASE).call()).numbers


def test_without_a_case_it_is_the_pacemaker(talk: Talk) -> None:
    said = talk(timing(None), {"do": "warm"}, {"do": "finish"})

    assert said[-1]["finished"]["digest"][0] == 256 * 256


class _Threads(type(operators.load("full_naive"))):  # type: ignore[misc]
    """Exact attention that notes with how many threads it is built and called."""

    seen: ClassVar[list[int]] = []

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., torch.Tensor]:
        attend = super().build(case, generator)
        self.seen.append(torch.get_num_threads())

        def call(*tensors: torch.Tensor) -> torch.Tensor:
            self.seen.append(torch.get_num_threads())
            return attend(*tensors)

        return call


MEMBERS = {"threads": _Threads()}


@pytest.mark.usefixtures("own_members")
def test_a_case_is_built_with_one_thread_and_called_with_its_own(talk: Talk) -> None:
    talk({**timing(CASE.replace(operator="threads")), "threads": 2}, {"do": "finish"})

    assert _Threads.seen == [1, 2, 2]


def test_a_pass_needs_no_orders(talk: Talk) -> None:
    (said,) = talk({"kind": "cost", "case": CASE.to_json()})

    assert said["facts"]["output_digest"][0] == 2 * 16 * 8


def test_a_fault_is_told_once_and_ends_the_worker(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    said = talk(timing(CASE.replace(input="no_such_input")))

    assert len(said) == 1
    assert said[0]["status"] == "crashed"
    assert "Traceback" in capsys.readouterr().err


def test_an_output_that_is_not_finite_is_told_when_the_turns_are_over(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(passes, "digest", lambda output: passes.Digest([], 5))
    said = talk(timing(CASE), {"do": "warm"}, {"do": "finish"})

    assert said[-1] == {"status": "nan", "reason": "the output of a timed call has 5 values that are not finite"}


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError(), "oom"),
        (torch.OutOfMemoryError("CUDA out of memory."), "oom"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 8 bytes"), "oom"),
        (NotImplementedError("no kernel for it"), "unsupported"),
        (RuntimeError("CUDA error: GPU is lost"), "device_lost"),
        (RuntimeError("something else"), "crashed"),
    ],
)
def test_an_error_becomes_a_status(error: Exception, status: str) -> None:
    assert classify(raised(error))[0] == status


def test_a_crash_is_told_with_its_text_on_one_line_and_its_place() -> None:
    reason = classify(raised(ValueError("two\nlines")))[1]

    assert reason.startswith("ValueError: two lines (raised, test_worker.py:")


def test_a_real_failure_to_allocate_is_oom() -> None:
    with pytest.raises(RuntimeError) as told:
        torch.empty(1 << 60, dtype=torch.uint8)  # an exbibyte

    assert classify(told.value)[0] == "oom"


def test_the_memory_limit_is_on_top_of_what_the_process_has() -> None:
    """In a process of its own: a limit can't be taken back, and what this one has freed it would have already."""
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["fits", "oom"]


def test_infinity_is_no_json_that_a_journal_would_refuse() -> None:
    """What a worker says goes to the journal as it is, so passes leave out what is not finite."""
    q, zero = torch.ones(1, 2, 16, 8), torch.zeros(1, 2, 16, 8)
    built = workload.build(CASE, {"q": q, "k": q, "v": zero})
    facts: dict[str, Any] = {"warnings": []}

    class Metric:
        columns = tuple(Column(name, "One.") for name in "abcde")

        @staticmethod
        def measure(built: workload.Workload) -> dict[str, Any]:
            return {"a": math.inf, "b": math.nan, "c": None, "d": 1.5, "e": 0}

    passes._ask("mine", Metric, built, facts)
    assert facts == {"warnings": ["metric mine: a is infinite"], "d": 1.5, "e": 0}


def test_what_a_metric_gives_is_held_to_its_columns() -> None:
    """A tensor, or a number of numpy's, would be no JSON; a column that nobody declared would vanish."""
    q = torch.ones(1, 2, 16, 8)
    built = workload.build(CASE, {"q": q, "k": q, "v": q})

    class Metric:
        columns = (Column("mean", "One."), Column("kernel", "One.", "text"))
        gives: ClassVar[dict[str, Any]] = {"mean": q.mean(), "kernel": 3}

        @classmethod
        def measure(cls, built: workload.Workload) -> dict[str, Any]:
            return cls.gives

    facts: dict[str, Any] = {"warnings": []}
    passes._ask("mine", Metric, built, facts)
    assert facts == {"warnings": [], "mean": 1.0, "kernel": "3"}

    Metric.gives = {"meen": 1.0}
    passes._ask("mine", Metric, built, facts)
    assert facts["warnings"] == ["metric mine: KeyError: 'no column is declared for meen'"]


def test_an_output_of_another_shape_than_the_case_means_is_a_crash(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Threads, "build", lambda self, case, generator: lambda q, k, v: q.flatten(1, 2))
    monkeypatch.setattr(operators, "load", {"threads": MEMBERS["threads"]}.__getitem__)
    (said,) = talk({"kind": "cost", "case": CASE.replace(operator="threads").to_json()})

    assert said["status"] == "crashed"
    assert "threads gave an output [1, 32, 8], which has to be [1, 2, 16, 8]" in said["reason"]


def test_an_input_of_another_shape_than_the_case_is_a_crash(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    short = inputs.load("iid").tensors(CASE.replace(seq_len=8))
    monkeypatch.setattr(inputs.load("iid"), "tensors", lambda case: short)
    (said,) = talk({"kind": "cost", "case": CASE.to_json()})

    assert said["status"] == "crashed"
    assert "input iid gave q [1, 2, 8, 8], which has to be [1, 2, 16, 8]" in said["reason"]
