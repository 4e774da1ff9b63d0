"""Boost (turbo): whether the clock depends on how warm and how busy the chip is."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight

__all__ = ["about", "examine"]

about = "Whether the clock rises above its base by an amount that depends on heat and on the number of busy cores."

_INTEL, _OTHERS = "sys/devices/system/cpu/intel_pstate/no_turbo", "sys/devices/system/cpu/cpufreq/boost"
_MEANS = (
    "seconds depend on heat and on how many cores are busy, so they do not repeat; ratios hold, since both sides of "
    "one take turns"
)


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding."""
    for path, on, off in ((_INTEL, "0", "1"), (_OTHERS, "1", "0")):
        if (value := sight.text(path)) is not None:
            if value == on:
                remedy = f"echo {off} | sudo tee /{path}"
                return [Finding(check="boost", state="warn", found="on", means=_MEANS, remedy=remedy)]
            return [Finding(check="boost", state="ok", found="off")]
    why = "no switch for it is shown here (in a virtual machine the host decides)"
    means, remedy = "the clock may vary with heat and with the host's load, unseen", "trust ratios, not seconds"
    return [Finding(check="boost", state="unknown", found=why, means=means, remedy=remedy)]
