"""How much processor time others took while a round was measured: other programs, and the host (steal).

Read from /proc at the start and the end of the turns, never in between.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

__all__ = ["Watch"]

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Watch:
    """Starts looking when it is made.

    Args:
        pids: the processes that are ours, beside this one.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._started, self._busy_before_s = time.monotonic(), _busy_s()
        self._ours_s = {pid: _process_s(pid) for pid in (*pids, os.getpid())}

    def foreign_share(self) -> float:
        """Gives the processor seconds that others took, over the seconds that have passed; 1.0 is one whole core."""
        wall = time.monotonic() - self._started
        # A process that has ended reads 0: what it took before the start is no gain of others.
        ours = sum(max(0.0, _process_s(pid) - before) for pid, before in self._ours_s.items())
        foreign = (_busy_s() - self._busy_before_s) - ours
        return max(0.0, foreign / wall) if wall > 0 else 0.0


def _busy_s() -> float:
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + softirq + steal) * _TICK_S


def _process_s(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # a worker that has ended takes no more time
        return 0.0
    return (int(fields[11]) + int(fields[12])) * _TICK_S
