"""Virtual machine or not: whether there are neighbours that cannot be seen from here."""

from __future__ import annotations

import re

from bench.machine.finding import Finding, Sight

__all__ = ["about", "examine"]

about = "Whether the machine is a virtual one, whose host has other guests."

_MEANS = "other guests of the host share its caches, memory and clock; of that only steal is seen, or not even it"
_REMEDY = "trust ratios and `bench ab`, not seconds; a whole machine (bare metal) where seconds must repeat"


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding."""
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", sight.text("proc/cpuinfo") or "", re.MULTILINE)
    if flags is None:
        why, means = "/proc/cpuinfo does not say", "there may be neighbours that cannot be seen"
        return [Finding(check="virtual", state="unknown", found=why, means=means, remedy=_REMEDY)]
    if "hypervisor" in flags.group(1).split():
        return [Finding(check="virtual", state="warn", found="a virtual machine", means=_MEANS, remedy=_REMEDY)]
    return [Finding(check="virtual", state="ok", found="no hypervisor is shown")]
