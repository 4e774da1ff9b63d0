"""Is this machine fit to measure? Every check of `checks/`, looked at once.

Goes in: how long to watch. Comes out: findings, each with what it means for numbers and what to do about it. Nothing
is changed, and nothing is measured but the clock; the noise floor is `bench.sweep.noise_floor`.
"""

from __future__ import annotations

from bench.machine import checks
from bench.machine.finding import Finding, Sight, sight_of_this_machine
from bench.machine.watch import watch

__all__ = ["examine", "examine_this_machine"]


def examine_this_machine(watch_s: float) -> list[Finding]:
    """Gives the findings of this machine.

    Args:
        watch_s: seconds in which this process sleeps and others are watched.
    """
    return examine(sight_of_this_machine(watch(watch_s)))


def examine(sight: Sight) -> list[Finding]:
    """Gives the findings of every check, check by check."""
    return [finding for name in checks.names() for finding in checks.load(name).examine(sight)]
