"""The container's limit on processor time: a quota stops a process for the rest of each period."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight

__all__ = ["about", "examine"]

about = "Whether a quota of processor time applies, and whether it was used up while we watched."

_REMEDY = "give whole processors in place of a quota: docker run --cpuset-cpus=0-1 (Kubernetes: static CPU policy)"


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding."""
    limit = _limit(sight)
    if limit is None:
        why = "no cgroup shows a quota here"
        means, remedy = "a quota may stop calls for tens of milliseconds, unseen", "cat /proc/self/cgroup"
        return [Finding(check="limits", state="unknown", found=why, means=means, remedy=remedy)]
    quota, period = limit
    if quota <= 0:
        return [Finding(check="limits", state="ok", found="no quota of processor time")]
    found = f"{quota / period:.2g} of {len(sight.cpus)} processors, by a quota each {period / 1000:g} ms"
    throttled = sight.watched.throttled or 0
    if quota >= period * len(sight.cpus) and not throttled:
        return [Finding(check="limits", state="ok", found=found)]
    means = f"once the quota is used up, everything stops until the next period of {period / 1000:g} ms"
    if throttled:
        found += f"; used up {throttled} times in {sight.watched.seconds:.1f} s"
    state = "bad" if throttled else "warn"
    return [Finding(check="limits", state=state, found=found, means=means, remedy=_REMEDY)]


def _limit(sight: Sight) -> tuple[int, int] | None:
    """Gives quota (0: none) and period in microseconds, of cgroup v2 or v1."""
    if (line := sight.text("sys/fs/cgroup/cpu.max")) is not None:
        quota, _, period = line.partition(" ")
        return (0 if quota == "max" else int(quota)), int(period or 100_000)
    old = [sight.text(f"sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period")]
    if old[0] is not None and old[1] is not None:
        return max(0, int(old[0])), int(old[1])
    return None
