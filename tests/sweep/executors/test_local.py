"""Rounds and passes by real fork servers on this machine."""

from __future__ import annotations

import pytest

from bench.sweep.executors.local import LocalExecutor
from bench.sweep.processes import WorkerEnded
from bench.sweep.round import Limits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def executor(tmp_path_factory):
    log = tmp_path_factory.mktemp("local") / "workers.log"
    times = iter(range(1000))
    executor = LocalExecutor(log, Limits(answer_s=120.0, memory_bytes=1 << 31, threads=1), clock=lambda: next(times))
    yield executor
    executor.close()


def test_a_pass_is_an_attempt_with_the_facts_of_its_kind(executor, sdpa):
    attempt = executor.untimed("cost", sdpa)

    assert (attempt.case_hash, attempt.kind, attempt.status) == (sdpa.case_hash, "cost", "ok")
    assert "peak_tensor_bytes" in attempt.facts
    assert attempt.wall_s == 1.0  # between two looks at the clock that is given


def test_warnings_are_no_facts(executor, sdpa):
    attempt = executor.untimed("accuracy", sdpa)

    assert attempt.warnings == ()
    assert "warnings" not in attempt.facts


def test_a_pass_takes_its_words_along(executor, sdpa):
    bounds = executor.untimed("hardness", sdpa, ranks=[2, 3]).facts["eckart_young"]

    assert bounds.keys() == {"2", "3"}


def test_a_pass_that_fails_is_an_attempt_with_its_status(executor, sdpa):
    attempt = executor.untimed("cost", sdpa.replace(input="no_such_input"))

    assert attempt.status == "crashed"
    assert attempt.reason.startswith("UsageError: input: unknown input 'no_such_input'")
    assert attempt.facts == {}


def test_a_job_that_fails_says_why(executor):
    with pytest.raises(WorkerEnded, match=r"^crashed: AttributeError: .*no_such_dtype"):
        executor.ask({"kind": "peak", "device": "cpu", "dtype": "no_such_dtype"})


def test_rounds_go_round_the_servers_since_each_has_a_memory_layout_of_its_own(executor, sdpa):
    """Four rounds: the fourth is the first server's again."""
    used = []
    for number in range(4):
        attempts = executor.round([sdpa], group="g", number=number)
        used.append([a.status for a in attempts])

    assert used == [["ok", "ok"]] * 4
    assert len(executor._servers) == 3


def test_the_servers_say_which_torch_they_have(executor):
    import torch

    assert executor.facts["torch"] == torch.__version__
