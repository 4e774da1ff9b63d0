"""Seconds of a block of equal calls, on the clock of the device that does the work.

CPU: `perf_counter_ns` around the block. CUDA: a pair of events around each call, the L2 cache overwritten before it
outside the events, one synchronisation at the block's end, the median call times their number. Before each call the
device waits until the host has launched it, so that what is timed is the device's work and not how fast Python hands
it out: without that, a call that is launched faster than the cache is overwritten has its device's time and any other
the host's (attention of 18 µs, launched in a few µs more, came out as 80). What the host takes is told apart, by
`launch_s`.
"""

from __future__ import annotations

import functools
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Timer", "timer"]

_WATCHED = 3
"""Calls of which the host's time is taken, the least of them: few, or it waits for room in the device's queue."""
_LEAD = 1.25
"""The device waits so many times as long as the host took for a call: the next one may take longer."""
_CYCLES_PER_S = 3e9
"""No GPU's clock is faster, so that it never waits for less than it is told."""


class Timer(Protocol):
    """A device's clock, for one call."""

    launch_s: float | None
    """Seconds that the host takes to launch the call, as last seen; absent where host and device are one."""

    def __call__(self, call: Callable[[], Any], calls: int) -> float:
        """Gives the seconds of a block of `calls` calls, all together."""


def timer(device: str) -> Timer:
    """Gives the clock of a device.

    Args:
        device: `cpu` or `cuda`.
    """
    return _CudaTimer() if device == "cuda" else _CpuTimer()


class _CpuTimer:
    launch_s: float | None = None

    def __call__(self, call: Callable[[], Any], calls: int) -> float:
        start = time.perf_counter_ns()
        for _ in range(calls):
            call()
        return (time.perf_counter_ns() - start) / 1e9


class _CudaTimer:
    def __init__(self) -> None:
        import torch

        l2_bytes = torch.cuda.get_device_properties(0).L2_cache_size
        self._flush = torch.empty(max(2 * l2_bytes, 1 << 20), dtype=torch.int8, device="cuda")
        self.launch_s: float | None = None

    def __call__(self, call: Callable[[], Any], calls: int) -> float:
        import torch

        event: Callable[[], Any] = functools.partial(torch.cuda.Event, enable_timing=True)
        wait: Callable[[int], Any] = torch.cuda._sleep
        if self.launch_s is None or calls > _WATCHED:
            self.launch_s = self._launch(call)
        lead = int(_LEAD * self.launch_s * _CYCLES_PER_S)
        pairs = [(event(), event()) for _ in range(calls)]
        for start, end in pairs:
            self._flush.zero_()
            wait(lead)
            start.record()
            call()
            end.record()
        torch.cuda.synchronize()
        # the median: a host that is held up for longer than the device waits is in one call or a few
        milliseconds: list[float] = [start.elapsed_time(end) for start, end in pairs]
        return calls * statistics.median(milliseconds) / 1e3

    def _launch(self, call: Callable[[], Any]) -> float:
        """Times the host alone, by calls that are not counted: the device has nothing else to do."""
        import torch

        torch.cuda.synchronize()
        times = [time.perf_counter()]
        for _ in range(_WATCHED):
            call()
            times.append(time.perf_counter())
        torch.cuda.synchronize()
        return min(after - before for before, after in itertools.pairwise(times))
