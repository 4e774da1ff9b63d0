"""The clock that blocks are timed by: where it comes from, its step, and what reading it costs."""

from __future__ import annotations

import itertools
import statistics
import time

from bench.machine.finding import Finding, Sight
from bench.units import seconds_text

__all__ = ["about", "examine"]

about = "Whether the clock behind perf_counter is fine and cheap beside a block of 12 ms."

_BLOCK_S = 0.012
_ENOUGH, _COARSE = 1e-4, 1e-2  # share of a block
_READINGS = 2000
_SOURCE = "sys/devices/system/clocksource/clocksource0/"


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding; the clock of this process is read a few thousand times."""
    readings = [time.perf_counter_ns() for _ in range(_READINGS)]
    steps = [(after - before) / 1e9 for before, after in itertools.pairwise(readings)]
    step_s, cost_s = min(step for step in steps if step > 0), statistics.median(steps)
    source = sight.text(f"{_SOURCE}current_clocksource") or "of an unknown source"
    found = f"{source}: step {seconds_text(step_s)}, a reading {seconds_text(cost_s)}"
    share = max(step_s, cost_s) / _BLOCK_S
    if share <= _ENOUGH:
        return [Finding(check="clock", state="ok", found=found)]
    others = (sight.text(f"{_SOURCE}available_clocksource") or "").split()
    means = f"a block of 12 ms is known to {100 * share:.2g} % at the best"
    remedy = "boot with clocksource=tsc" if "tsc" in others else "another machine for calls below a millisecond"
    return [
        Finding(check="clock", state="bad" if share > _COARSE else "warn", found=found, means=means, remedy=remedy)
    ]
