"""When a warm-up ends, by a clock that is written down beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from bench.measure.steady import Warm, warm_up

Script = Callable[[Sequence[float]], tuple[Warm, list[int]]]


@pytest.fixture
def script() -> Script:
    """Gives a function: seconds a call of one block after another -> how the warm-up ended, and its blocks' calls."""

    def run(per_call_s: Sequence[float]) -> tuple[Warm, list[int]]:
        times: Iterator[float] = iter(per_call_s)
        calls: list[int] = []

        def time_block(call: Callable[[], Any], count: int) -> float:
            calls.append(count)
            return next(times) * count

        return warm_up(time_block, lambda: None), calls

    return run


def test_three_blocks_that_agree_end_it(script: Script) -> None:
    warm, calls = script([9e-3, 2e-3, 1e-3, 1.04e-3, 1.02e-3])

    assert warm == Warm(call_s=1e-3, steady=True)
    assert len(calls) == 5


def test_blocks_that_differ_by_more_than_a_twentieth_go_on(script: Script) -> None:
    warm, calls = script([1e-3, 1e-3, 1.06e-3, 1.06e-3, 1.06e-3])

    assert (warm, len(calls)) == (Warm(call_s=1.06e-3, steady=True), 5)


def test_a_call_that_takes_the_whole_limit_is_made_once(script: Script) -> None:
    assert script([0.3]) == (Warm(call_s=0.3, steady=False), [1])


def test_what_never_settles_is_ended_by_the_limit_and_said_to_be_unsteady(script: Script) -> None:
    warm, calls = script([0.02, 0.04] * 10)

    assert not warm.steady
    assert warm.call_s == 0.02
    assert len(calls) == 9  # 0.27 s; eight blocks are 0.24


def test_short_calls_are_timed_in_blocks_of_some_milliseconds(script: Script) -> None:
    _, calls = script([1e-5] * 3)

    assert calls == [1, 400, 400]
