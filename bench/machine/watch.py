"""What others do to the machine while this process sleeps: processor time, steal, waiting, swapping, throttling.

The kernel's counters are read twice, some seconds apart. A counter that cannot be read is absent, and so is what
would follow from it.
"""

from __future__ import annotations

import dataclasses
import os
import re
import time
from pathlib import Path

__all__ = ["Counters", "Watched", "between", "counters", "watch"]

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_BUSIEST = 3
_NOTEWORTHY = 0.05  # cores: who takes less is not named


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The kernel's counters at one moment."""

    at_s: float
    """By a monotonic clock."""
    busy_s: float | None
    """Seconds of all processors in which anything ran, interrupts and steal included."""
    steal_s: float | None
    """Seconds that the host of a virtual machine gave to others."""
    waiting_s: float | None
    """Seconds in which somebody waited for a processor (pressure stall information)."""
    swapped_pages: int | None
    """Pages that went to swap or came back."""
    throttled: int | None
    """Periods in which the container had used up its quota."""
    processes: dict[int, tuple[str, float]]
    """pid -> name and seconds, of what can be seen from here, this process left out."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What happened between two looks."""

    seconds: float
    """How long the look took."""
    busy_cores: float | None
    """How many cores' worth of time others took."""
    steal_cores: float | None
    """How many cores' worth of time the host gave to others."""
    waiting_share: float | None
    """Share of the time in which somebody waited for a processor."""
    swapped_pages: int | None
    throttled: int | None
    busiest: tuple[tuple[str, float], ...] = ()
    """Who took most, ``name (pid)`` and cores' worth; only who can be seen and takes something worth a name."""


def watch(seconds: float, root: Path = Path("/")) -> Watched:
    """Gives what others do in the next `seconds`; this process sleeps."""
    before = counters(root)
    time.sleep(seconds)
    return between(before, counters(root))


def counters(root: Path = Path("/")) -> Counters:
    """Reads the counters under a root that holds `proc` and `sys`."""
    times = _processor_times(root)
    pressure = _find(root, ["proc/pressure/cpu"], r"^some .*total=(\d+)")
    moved = [_find(root, ["proc/vmstat"], rf"^{name} (\d+)") for name in ("pswpin", "pswpout")]
    places = ["sys/fs/cgroup/cpu.stat", "sys/fs/cgroup/cpu/cpu.stat"]
    return Counters(
        at_s=time.monotonic(),
        busy_s=times[0] if times else None,
        steal_s=times[1] if times else None,
        waiting_s=None if pressure is None else pressure / 1e6,
        swapped_pages=None if None in moved else sum(pages or 0 for pages in moved),
        throttled=_find(root, places, r"^nr_throttled (\d+)"),
        processes=_processes(root),
    )


def between(before: Counters, after: Counters) -> Watched:
    """Gives what happened from one reading to the next."""
    seconds = after.at_s - before.at_s

    def rate(name: str) -> float | None:
        first, last = getattr(before, name), getattr(after, name)
        return None if first is None or last is None else max(0.0, float(last - first)) / seconds

    def count(name: str) -> int | None:
        share = rate(name)
        return None if share is None else round(share * seconds)

    taken = {
        f"{name} ({pid})": (used_s - before.processes.get(pid, (name, 0.0))[1]) / seconds
        for pid, (name, used_s) in after.processes.items()
    }
    worth = sorted(((who, cores) for who, cores in taken.items() if cores >= _NOTEWORTHY), key=lambda each: -each[1])
    return Watched(
        seconds=seconds,
        busy_cores=rate("busy_s"),
        steal_cores=rate("steal_s"),
        waiting_share=rate("waiting_s"),
        swapped_pages=count("swapped_pages"),
        throttled=count("throttled"),
        busiest=tuple(worth[:_BUSIEST]),
    )


def _find(root: Path, places: list[str], pattern: str) -> int | None:
    """Gives the number that a pattern finds in the first of the files that can be read."""
    for place in places:
        try:
            text = (root / place).read_text()
        except OSError:  # absent, forbidden, or switched off in the kernel
            continue
        found = re.search(pattern, text, re.MULTILINE)
        return int(found.group(1)) if found else None
    return None


def _processor_times(root: Path) -> tuple[float, float] | None:
    """Gives busy and stolen seconds of all processors together, steal among the busy ones."""
    try:
        line = (root / "proc/stat").read_text().partition("\n")[0]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, line.split()[1:])
    return (user + nice + system + irq + softirq + steal) * _TICK_S, steal * _TICK_S


def _processes(root: Path) -> dict[int, tuple[str, float]]:
    found = {}
    for file in (root / "proc").glob("[0-9]*/stat"):
        pid = int(file.parent.name)
        try:
            text = file.read_text(errors="replace")  # the kernel cuts a name within a letter
        except OSError:  # it has ended meanwhile
            continue
        name, _, rest = text.partition("(")[2].rpartition(")")
        fields = rest.split()
        if pid != os.getpid():
            found[pid] = (name, (int(fields[11]) + int(fields[12])) * _TICK_S)
    return found
