"""CSV: the whole table, one row a case, units in the column names; text that a spreadsheet would run is made text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.report.cells import csv_safe
from bench.report.exports._text import one_line

__all__ = ["about", "holds_failures", "render"]

about = "the whole table, for spreadsheets and pandas"
holds_failures = True

_EXACT = 2**53  # up to here a float64 holds every whole number


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives the table with every digit of its numbers; absent is empty, whole numbers have no point."""
    text = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    whole = [name for name in table.select_dtypes("float64").columns if _is_whole(table[name].dropna())]
    lines = table.assign(**{name: table[name].map(_line) for name in text}).astype(dict.fromkeys(whole, "Int64"))
    return csv_safe(lines).to_csv(index=False, lineterminator="\n")


def _is_whole(values: pd.Series[Any]) -> bool:
    return bool((values % 1 == 0).all() and (values.abs() < _EXACT).all())


def _line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value
