"""Simultaneous multithreading: whether two of the processors in use are one core."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight

__all__ = ["about", "examine"]

about = "Whether processors in use are siblings, so that two threads share the units of one core."

_MEANS = "two threads of a call share one core's units: a second thread adds little, and a neighbour on it takes half"


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding over all processors in use."""
    siblings = sight.of_each_cpu("topology/thread_siblings_list")
    if len(siblings) < len(sight.cpus):
        why = "the siblings of processors are not shown here"
        means, remedy = "two processors may be one core, unseen", "compare `threads: 1` with `threads: 2` in a suite"
        return [Finding(check="smt", state="unknown", found=why, means=means, remedy=remedy)]
    by_core: dict[str, list[int]] = {}
    for cpu, together in siblings.items():
        by_core.setdefault(together, []).append(cpu)
    shared = [cpus for cpus in by_core.values() if len(cpus) > 1]
    if not shared:
        seen = "no two processors in use share a core"
        hidden = f"{seen}, as far as the virtual machine shows" if _virtual(sight) else seen
        return [Finding(check="smt", state="ok", found=hidden)]
    first = ",".join(str(cpus[0]) for cpus in by_core.values())
    found = f"{len(sight.cpus)} processors are {len(by_core)} cores"
    remedy = f"taskset -c {first} python -m bench …"
    return [Finding(check="smt", state="warn", found=found, means=_MEANS, remedy=remedy)]


def _virtual(sight: Sight) -> bool:
    return "hypervisor" in (sight.text("proc/cpuinfo") or "")
