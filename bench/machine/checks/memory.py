"""Free memory: what a case may take before the machine runs out."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight
from bench.units import bytes_text

__all__ = ["about", "examine"]

about = "How much memory is free, under the container's limit where there is one."

_NEEDED = 2 << 30  # torch in a few processes, and n = 4096 squared in float32 a few times


def examine(sight: Sight) -> list[Finding]:
    """Gives one finding."""
    found = f"{bytes_text(sight.memory_bytes)} free"
    if sight.memory_bytes >= _NEEDED:
        return [Finding(check="memory", state="ok", found=found)]
    means = f"cases that need more end as oom; below {bytes_text(_NEEDED)} naive attention over 4096 tokens does"
    return [
        Finding(
            check="memory", state="warn", found=found, means=means, remedy="end what holds it: ps aux --sort -rss"
        )
    ]
