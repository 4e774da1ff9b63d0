"""What the error figures draw: model errors, and the Eckart–Young bound as a line of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.errors import against_exact
from bench.analysis.finding import EXACT
from bench.report.figures._frame import accuracy_rows, lines
from bench.report.style import BOUND

__all__ = ["error_lines"]


def error_lines(table: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Gives the frame of `_frame.lines` for the error of the attention matrix and its bound.

    Args:
        table: one row a case.
        axis: `seq_len`, `rank` or `hidden_size`.
    """
    rows = accuracy_rows(table)
    if "attention_rel_error" not in rows:
        return lines(rows, axis, *[pd.Series(np.nan, index=rows.index)] * 3)
    rows = rows[against_exact(rows) & ~(rows["attention_rel_error"] < EXACT)]
    if "eckart_young_error" in rows:
        rows = pd.concat([rows, _bound(rows)], ignore_index=True)
    value = rows["attention_rel_error"].astype(float)
    low, high = (rows.get(f"attention_rel_error_{end}", value * np.nan) for end in ("p10", "p90"))
    return lines(rows, axis, value, low, high)


def _bound(rows: pd.DataFrame) -> pd.DataFrame:
    """Gives a row for each shape and rank whose bound is known, as if the bound were an operator."""
    known = rows.dropna(subset=["eckart_young_error", "attention_rel_error", "rank"])
    keys = ["run", "group", "rank"]
    bound = known.drop_duplicates(keys).assign(
        operator=BOUND, label="bound at that rank", provider="theory", options=""
    )
    return bound.assign(
        attention_rel_error=bound["eckart_young_error"],
        attention_rel_error_p10=np.nan,
        attention_rel_error_p90=np.nan,
        status="ok",
        case_id="",
    )
