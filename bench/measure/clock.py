"""Seconds of a block of equal calls, on the clock of the device that does the work.

CPU: `perf_counter_ns` around the block. CUDA: a pair of events around each call, the L2 cache overwritten before it
outside the events, one synchronisation at the block's end.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

__all__ = ["timer"]


def timer(device: str) -> Callable[[Callable[[], Any], int], float]:
    """Gives ``time_block(call, calls) -> seconds``, all calls together, for a device.

    Args:
        device: `cpu` or `cuda`.
    """
    return _CudaTimer() if device == "cuda" else _time_cpu


def _time_cpu(call: Callable[[], Any], calls: int) -> float:
    start = time.perf_counter_ns()
    for _ in range(calls):
        call()
    return (time.perf_counter_ns() - start) / 1e9


class _CudaTimer:
    def __init__(self) -> None:
        import torch

        l2_bytes = torch.cuda.get_device_properties(0).L2_cache_size
        self._flush = torch.empty(max(2 * l2_bytes, 1 << 20), dtype=torch.int8, device="cuda")

    def __call__(self, call: Callable[[], Any], calls: int) -> float:
        import torch

        event: Callable[[], Any] = functools.partial(torch.cuda.Event, enable_timing=True)
        pairs = [(event(), event()) for _ in range(calls)]
        for start, end in pairs:
            self._flush.zero_()
            start.record()
            call()
            end.record()
        torch.cuda.synchronize()
        return float(sum(start.elapsed_time(end) for start, end in pairs)) / 1e3
