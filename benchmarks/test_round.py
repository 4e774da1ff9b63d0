"""What a round costs beside the calls that it times: forks, set-ups, warm-ups, pauses between the turns, ends."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from bench.case import Case
from bench.sweep.processes import ForkServer
from bench.sweep.round import Limits, Rhythm, Seat, conduct

SMALL = Case(operator="sdpa", provider="torch", seq_len=128, num_heads=4, head_dim=32, hidden_size=128)
CASES = (SMALL, SMALL.replace(operator="linformer", provider="bench", rank=16), None)  # the last is the pace-maker
LIMITS = Limits(answer_s=60.0, memory_bytes=1 << 31, threads=1)
FOUR_TURNS = Rhythm(turns=(4, 4))


class Stopwatch:
    """A clock that leaves out what it is told to."""

    def __init__(self) -> None:
        self.left_out_s = 0.0

    def now_s(self) -> float:
        return time.perf_counter() - self.left_out_s


STOPWATCH = Stopwatch()


@pytest.mark.benchmark(timer=STOPWATCH.now_s)
def test_a_round_of_three_beside_its_timed_calls(server: ForkServer, benchmark: Any) -> None:
    numbers = itertools.count()

    def one() -> set[str]:
        seats = [Seat(server, case) for case in CASES]
        attempts = conduct(seats, group="overhead", number=next(numbers), limits=LIMITS, rhythm=FOUR_TURNS)
        STOPWATCH.left_out_s += sum(block.seconds for attempt in attempts for block in attempt.blocks)
        return {attempt.status for attempt in attempts}

    assert benchmark.pedantic(one, rounds=3, warmup_rounds=1) == {"ok"}
