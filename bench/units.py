"""Numbers as people read them; the only place where seconds become milliseconds and bytes MiB.

Inside, everything is in seconds, bytes and counts.
"""

from __future__ import annotations

import math

__all__ = ["bytes_text", "count_text", "duration_text", "ratio_text", "seconds_text"]

_TIME = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_COUNT = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def _absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


def seconds_text(value: float | None) -> str:
    """Gives a time to three digits with its unit: ``0.00123`` -> ``1.23 ms``; absent is ``-``."""
    if value is None or math.isnan(value):
        return "-"
    for size, unit in _TIME:
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def duration_text(value: float) -> str:
    """Gives a span as a person says it: ``75`` -> ``1m 15s``."""
    whole = round(value)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def bytes_text(value: float | None) -> str:
    """Gives bytes in binary units: ``1048576`` -> ``1 MiB``; absent is ``-``."""
    if value is None or math.isnan(value):
        return "-"
    for size, unit in _BYTES:
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} B"


def count_text(value: float | None) -> str:
    """Gives a count in decimal units: ``2_097_152`` -> ``2.1M``; absent is ``-``."""
    if value is None or math.isnan(value):
        return "-"
    for size, unit in _COUNT:
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.0f}"


def ratio_text(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Gives a ratio and, where there is one, its interval: ``0.53 [0.51, 0.55]``."""
    if value is None or math.isnan(value):
        return "-"
    if _absent(low) or _absent(high):
        return f"{value:.3g}"
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"
