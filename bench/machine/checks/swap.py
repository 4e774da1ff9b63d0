"""Swap: whether pages of a process can be on the disk when it is measured."""

from __future__ import annotations

import re

from bench.machine.finding import Finding, Sight
from bench.units import bytes_text

__all__ = ["about", "examine"]

about = "Whether swap is in use, and whether pages moved while we watched."

_MEANS = "a call may wait for the disk, a thousand times longer than for memory"
_REMEDY = "free memory, then: sudo swapoff -a && sudo swapon -a"


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding."""
    sizes = dict(re.findall(r"^Swap(Total|Free):\s+(\d+) kB", sight.text("proc/meminfo") or "", re.MULTILINE))
    if not {"Total", "Free"} <= sizes.keys():
        why = "/proc/meminfo does not tell of swap"
        return [Finding(check="swap", state="unknown", found=why, means=_MEANS, remedy="free -h")]
    total, used = (1024 * int(size) for size in (sizes["Total"], int(sizes["Total"]) - int(sizes["Free"])))
    if total == 0:
        return [Finding(check="swap", state="ok", found="none")]
    moved = sight.watched.swapped_pages
    found = f"{bytes_text(used)} of {bytes_text(total)} in use"
    if moved:
        found += f"; {moved} pages moved in {sight.watched.seconds:.1f} s"
        return [Finding(check="swap", state="bad", found=found, means=_MEANS, remedy=_REMEDY)]
    if used:
        return [Finding(check="swap", state="warn", found=found, means=_MEANS, remedy=_REMEDY)]
    return [Finding(check="swap", state="ok", found=found)]
