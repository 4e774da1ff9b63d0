"""Values as cells of a table: in words for people, safe for a spreadsheet in files.

Goes in: a column's name and a value; the name's ending tells the unit. Comes out: text.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.units import bytes_text, count_text, seconds_text

__all__ = ["cell_text", "csv_safe", "write_csv"]

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_COUNTS = ("flops", "parameters", "trainable_parameters")


def cell_text(name: str, value: Any) -> str:
    """Gives a value in the words of its unit: ``latency_median_s``, 0.0012 -> ``1.2 ms``; absent is empty."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not isinstance(value, (int, float, np.number)):
        return str(value)
    number = float(value)
    if name.endswith("per_s") or name.startswith(_COUNTS):
        return count_text(number) + ("/s" if name.endswith("per_s") else "")
    if name.endswith("_bytes") or name.startswith("bytes_"):
        return bytes_text(number)
    if name.endswith("_s"):
        return seconds_text(number)
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e9 else f"{number:.3g}"


def csv_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Gives the frame with an apostrophe before every text that a spreadsheet would run as a formula."""

    def guard(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(_DANGEROUS) else value

    safe = frame.rename(columns=guard)
    text = [name for name in safe.columns if not pd.api.types.is_numeric_dtype(safe[name])]
    return safe.assign(**{name: safe[name].map(guard) for name in text})


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Writes a frame, safe for spreadsheets, with every digit of its numbers."""
    csv_safe(frame).to_csv(path, index=False)
