"""Threads: how many a case gets, and what the environment does to them."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight

__all__ = ["about", "examine"]

about = "How many processors a run uses, and variables that pin or idle threads differently from the default."

_PINNED = ("OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")
_IDLE = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
_COUNTS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding for the number of threads, and one for each kind of variable that is set."""
    return [_count(sight), *_variables(sight)]


def _count(sight: Sight) -> Finding:
    found = f"a case that names no `threads` uses {sight.cores}"
    present = sight.text("sys/devices/system/cpu/present")
    if present and len(sight.cpus) < _counted(present):
        found += f"; this process may use {len(sight.cpus)} of {_counted(present)} processors"
    if given := [f"{name}={sight.environment[name]}" for name in _COUNTS if name in sight.environment]:
        found += f"; {', '.join(given)} changes nothing here, only in programs of your own"
    if sight.cores > 1:
        return Finding(check="threads", state="ok", found=found)
    means = "every other program, the system included, interrupts the one core that is measured"
    return Finding(check="threads", state="warn", found=found, means=means, remedy="a machine with two cores or more")


def _variables(sight: Sight) -> list[Finding]:
    findings = []
    for names, means in (
        (
            _PINNED,
            "threads of processes that are alive together are pinned to the same cores and wait for each other",
        ),
        (_IDLE, "threads wait for work in another way than by default: small calls may take twice or half the time"),
    ):
        given = [name for name in names if name in sight.environment]
        if given:
            found = ", ".join(f"{name}={sight.environment[name]}" for name in given)
            remedy = f"unset {' '.join(given)}"
            findings.append(Finding(check="threads", state="warn", found=found, means=means, remedy=remedy))
    return findings


def _counted(ranges: str) -> int:
    """Gives how many numbers a list such as ``0-3,8`` holds."""
    total = 0
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        total += int(last or first) - int(first) + 1
    return total
