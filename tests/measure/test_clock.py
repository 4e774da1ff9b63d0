"""What a timer calls, and what it counts."""

from __future__ import annotations

import time

import pytest
import torch

from bench.measure.clock import timer


def test_a_block_makes_as_many_calls_as_it_is_told() -> None:
    calls: list[int] = []
    timer("cpu")(lambda: calls.append(1), 7)

    assert len(calls) == 7


def test_the_seconds_are_those_of_all_calls_together() -> None:
    """The call waits until a clock of its own has moved on by 2 ms: three of them can't take less than 6."""

    def call() -> None:
        until = time.perf_counter_ns() + 2_000_000
        while time.perf_counter_ns() < until:
            pass

    assert timer("cpu")(call, 3) >= 0.006


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_between_calls_the_l2_cache_is_flushed_outside_the_clock() -> None:
    """A copy that fits into L2 is slower by the timer than back to back, and the flush itself is not counted."""
    source = torch.zeros(torch.cuda.get_device_properties(0).L2_cache_size // 16, device="cuda")
    target = torch.empty_like(source)
    cold_s = timer("cuda")(lambda: target.copy_(source), 50) / 50
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda._sleep(200_000_000)  # a tenth of a second, in which the host launches all of them
    start.record()
    for _ in range(50):
        target.copy_(source)
    end.record()
    torch.cuda.synchronize()

    assert cold_s > start.elapsed_time(end) / 1e3 / 50


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_what_the_host_does_before_it_launches_is_not_the_device_s_time() -> None:
    """The same kernel after 300 µs of Python: by the timer its time, and the 300 µs are told as the host's."""
    tensor = torch.zeros(1024, device="cuda")

    def late() -> None:
        until = time.perf_counter() + 3e-4
        while time.perf_counter() < until:
            pass
        tensor.zero_()

    clock = timer("cuda")
    late_s = sorted(clock(late, 20) / 20 for _ in range(5))[2]

    assert late_s < 1e-4
    assert (clock.launch_s or 0.0) >= 3e-4


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_call_that_waits_for_the_device_does_not_make_it_wait_longer_and_longer() -> None:
    tensor, clock = torch.zeros(1024, device="cuda"), timer("cuda")
    for _ in range(20):
        clock(lambda: float(tensor.sum()), 5)

    assert (clock.launch_s or 0.0) < 0.1
