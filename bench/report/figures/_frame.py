"""What the line figures draw: a quantity over an axis, cut into panels, failed cells among the rows.

Goes in: the table. Comes out: a tidy frame with the columns of `COLUMNS`. A panel holds one context and, unless the
axis is the rank itself, one rank; operators without a rank stand in every panel of their context, to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.series import Context, contexts, questions, series_columns, series_label

__all__ = ["COLUMNS", "accuracy_rows", "lines"]

COLUMNS = (
    "panel",
    "title",
    "x",
    "value",
    "low",
    "high",
    "series",
    "segment",
    "operator",
    "label",
    "provider",
    "rank",
    "status",
    "case_id",
)
_DONE = ("ok", "throttled")


def lines(
    table: pd.DataFrame, axis: str, value: pd.Series[float], low: pd.Series[float], high: pd.Series[float]
) -> pd.DataFrame:
    """Gives the points of every line, one row a case and panel.

    Args:
        table: one row a case.
        axis: `seq_len`, `rank` or `hidden_size`: the x of the panels. Contexts of one x, or without any value, are
            left out.
        value: what is drawn, indexed as the table; NaN where absent.
        low: lower end of its interval, NaN where it has none.
        high: upper end.

    Returns:
        Columns `COLUMNS`. `segment` numbers the unbroken stretches of a line: it is broken where a case between two
        others has no value. A case with neither a value nor a status that explains its absence is left out.
    """
    work = table.assign(value=value, low=low, high=high)
    if "layer" in work:
        work = work[work["layer"].isna()]  # of one replaced layer there is no line but over layers
    worth = [
        rows.index for _, rows in contexts(work, axis) if rows[axis].nunique() > 1 and rows["value"].notna().any()
    ]
    work = work.loc[np.concatenate(worth)] if worth else work.iloc[:0]
    rows: list[dict[str, Any]] = []
    panels = 0
    for context, cases in contexts(work, axis):
        for title, panel in _panels(context, cases, axis):
            rows += [{"panel": panels, "title": title, **point} for point in _points(panel, axis)]
            panels += 1
    return pd.DataFrame(rows, columns=list(COLUMNS))


def accuracy_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Gives each question once: the model error is taken in float64, the same in all phases and on all devices.

    Of several rows one that has an error is taken, then one of phase forward, then one of the CPU.
    """
    if table.empty:
        return table
    asked = questions(table.assign(phase="", device="", threads=0.0)) + table["provider"].astype(str)
    error = table.get("attention_rel_error", pd.Series(np.nan, index=table.index))
    behind = {"_none": error.isna(), "_trains": table["phase"] != "forward", "_away": table["device"] != "cpu"}
    first = table.assign(_asked=asked, **behind).sort_values(list(behind), kind="stable").drop_duplicates("_asked")
    return table.loc[first.sort_index().index]


def _panels(context: Context, cases: pd.DataFrame, axis: str) -> Iterator[tuple[str, pd.DataFrame]]:
    if axis == "rank":
        yield context.title, cases
        return
    places = cases.groupby("rank")[axis].nunique()
    # A rank at one x makes no line and stands in the rank figure, unless it is the only one there; where no rank
    # makes a line, all are points here.
    beside = cases.groupby(axis)["rank"].transform("nunique")
    alone = cases.loc[beside == 1, "rank"].dropna().unique()
    ranks = sorted({*places[places > 1].index, *alone}) or sorted(places.index)
    if len(ranks) < 2:
        yield context.title, cases[cases["rank"].isna() | cases["rank"].isin(ranks)]
        return
    for rank in ranks:
        yield f"{context.title}, r={rank:g}", cases[cases["rank"].isna() | (cases["rank"] == rank)]


def _points(panel: pd.DataFrame, axis: str) -> Iterator[dict[str, Any]]:
    if axis == "rank":
        panel = _spread_rankless(panel)
    for _, line in panel.groupby(series_columns(panel, axis), dropna=False, sort=False):
        segment, broken = 0, False
        for _, row in line.sort_values(axis).iterrows():
            if np.isnan(row["value"]):
                broken = True
                if row["status"] in _DONE:
                    continue
            elif broken:
                segment, broken = segment + 1, False
            yield {
                "x": float(row[axis]),
                **{name: row[name] for name in ("value", "low", "high", "operator", "label", "provider", "rank")},
                **{name: row[name] for name in ("status", "case_id")},
                "series": series_label(row, "rank"),
                "segment": segment,
            }


def _spread_rankless(panel: pd.DataFrame) -> pd.DataFrame:
    """Puts an operator without a rank at the first and at the last rank: a level line."""
    ranked = panel[panel["rank"].notna()]
    ends = sorted(ranked["rank"].unique())
    level = [panel[panel["rank"].isna()].assign(rank=end) for end in (ends[0], ends[-1])] if ends else []
    return pd.concat([ranked, *level])
