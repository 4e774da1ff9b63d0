"""The frequency governor: whether the processor's clock follows the load."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight

__all__ = ["about", "examine"]

about = "Whether the processor's clock stays high, or rises only when there is work."

_MEANS = "the clock rises after the work has begun: short calls, and the first ones after a pause, are slower"
_REMEDY = "sudo cpupower frequency-set -g performance"


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding over all processors in use."""
    governors = sight.of_each_cpu("cpufreq/scaling_governor")
    if not governors:
        why = "no governor is shown here (in a virtual machine the host decides)"
        means = "the clock may follow the load, unseen"
        return [Finding(check="governor", state="unknown", found=why, means=means, remedy=f"on the host: {_REMEDY}")]
    names = sorted(set(governors.values()))
    if names == ["performance"]:
        return [Finding(check="governor", state="ok", found="performance")]
    return [Finding(check="governor", state="warn", found=", ".join(names), means=_MEANS, remedy=_REMEDY)]
