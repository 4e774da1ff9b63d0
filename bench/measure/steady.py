"""Warm-up until steady: calls are repeated until their time stops falling, and the last time is the estimate.

A fresh process pays for page faults, allocator growth, thread creation and lazy initialisation; how often is not
known beforehand, so a fixed number of warm-up calls is either too few or a waste.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Warm", "warm_up"]

_CHUNK_S = 0.004
_TOLERANCE = 0.05
_STEADY_CHUNKS = 3
_LIMIT_S = 0.25


@dataclasses.dataclass(frozen=True, slots=True)
class Warm:
    """How a warm-up ended."""

    call_s: float
    """Seconds a call at its end."""
    steady: bool
    """Whether the last chunks agreed; if not, the time limit ended it."""


def warm_up(time_block: Callable[[Callable[[], Any], int], float], call: Callable[[], Any]) -> Warm:
    """Calls until three chunks in a row agree within 5 %, or until 0.25 s are spent.

    A call longer than that is made once.

    Args:
        time_block: the device's clock.
        call: what is warmed up; it has been called once already.
    """
    chunks: list[float] = []
    spent = 0.0
    calls = 1
    while True:
        began = time.perf_counter()
        seconds = time_block(call, calls)
        spent += max(seconds, time.perf_counter() - began)  # on CUDA a block has pauses
        chunks.append(seconds / calls)
        recent = chunks[-_STEADY_CHUNKS:]
        if len(recent) == _STEADY_CHUNKS and max(recent) <= min(recent) * (1 + _TOLERANCE):
            return Warm(min(recent), steady=True)
        if spent >= _LIMIT_S:
            return Warm(min(recent), steady=False)
        calls = max(1, round(_CHUNK_S / max(chunks[-1], 1e-7)))
