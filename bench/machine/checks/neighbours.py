"""Neighbours: who else runs on these processors just now, or takes them away."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight

__all__ = ["about", "examine"]

about = "How much processor time others took while this process slept, and whether anybody had to wait."

_QUIET, _LOUD = 0.05, 0.5  # cores; the first is what a record calls disturbed
_STOLEN = 0.01  # cores
_MEANS = (
    "blocks of a call are interrupted; one with as many threads as cores waits at each barrier for the interrupted "
    "one, up to a hundred times its time"
)


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding for who runs here, and one for what the host takes."""
    return [_others(sight), _host(sight)]


def _others(sight: Sight) -> Finding:
    watched = sight.watched
    if watched.busy_cores is None:
        means = "others may take processor time, unseen"
        remedy = "look at the column `disturbed` of a run"
        return Finding(
            check="neighbours", state="unknown", found="/proc/stat cannot be read", means=means, remedy=remedy
        )
    found = f"others took {watched.busy_cores:.2f} of {len(sight.cpus)} cores in {watched.seconds:.1f} s"
    if watched.waiting_share is not None:
        found += f"; somebody waited for one {100 * watched.waiting_share:.0f} % of the time"
    if load := sight.text("proc/loadavg"):
        found += f"; load {load.split()[0]}"
    if watched.busy_cores <= _QUIET:
        return Finding(check="neighbours", state="ok", found=found)
    who = ", ".join(f"{name} {cores:.2f}" for name, cores in watched.busiest)
    free = max(1, sight.cores - 1)
    stop = "stop it" if who else "find out who it is (no single process can be seen from here)"
    remedy = f"{stop}, or leave it a core: `threads: {free}` in the suite"
    state = "bad" if watched.busy_cores >= _LOUD else "warn"
    found += f"; most by {who}" if who else ""
    return Finding(check="neighbours", state=state, found=found, means=_MEANS, remedy=remedy)


def _host(sight: Sight) -> Finding:
    stolen = sight.watched.steal_cores
    if stolen is None:
        means, remedy = "a host may give this machine's time to others, unseen", "ask whoever runs the host"
        return Finding(check="steal", state="unknown", found="/proc/stat cannot be read", means=means, remedy=remedy)
    found = f"the host gave {stolen:.3f} cores of our time to others"
    if stolen <= _STOLEN:
        return Finding(check="steal", state="ok", found=found)
    state = "bad" if stolen >= _LOUD else "warn"
    remedy = "measure at another hour, or on an instance with processors of its own (dedicated, not shared or burst)"
    return Finding(check="steal", state=state, found=found, means=_MEANS, remedy=remedy)
