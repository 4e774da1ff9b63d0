"""Numbers as people read them; the only place where seconds become milliseconds and bytes MiB.

Inside, everything is in seconds, bytes and counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["bytes_text", "count_text", "duration_text", "plural_text", "ratio_text", "seconds_text"]

_TIME = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_COUNT = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def seconds_text(value: float | None) -> str:
    """Gives a time to three digits with its unit: ``0.00123`` -> ``1.23 ms``; absent is ``-``."""
    if value is None or math.isnan(value):
        return "-"
    return _scaled(value, _TIME, " ") or f"{_digits(value / 1e-9)} ns"


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
    return _scaled(value, _BYTES, " ") or f"{value:.0f} B"


def count_text(value: float | None) -> str:
    """Gives a count in decimal units: ``2_097_152`` -> ``2.1M``; absent is ``-``."""
    if value is None or math.isnan(value):
        return "-"
    return _scaled(value, _COUNT, "") or f"{value:.0f}"


def plural_text(count: int, noun: str) -> str:
    """Gives a count of things whose plural ends in s: ``1 case``, ``3 cases``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def ratio_text(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Gives a ratio and, where there is one, its interval: ``0.53 [0.51, 0.55]``."""
    if value is None or math.isnan(value):
        return "-"
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return _digits(value)
    return f"{_digits(value)} [{_digits(low)}, {_digits(high)}]"


def _scaled(value: float, units: Sequence[tuple[float, str]], space: str) -> str:
    """Gives the value in the largest unit of which it is at least one when printed; empty where it is below all."""
    printed = max(abs(value), abs(float(f"{value:.3g}")))
    for size, unit in units:
        if printed >= size:
            return f"{_digits(value / size)}{space}{unit}"
    return ""


def _digits(value: float) -> str:
    """Gives three significant digits, and never an exponent for a number that is large."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"
