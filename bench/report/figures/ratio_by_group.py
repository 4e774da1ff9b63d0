"""Every case against the baseline of its group: a dot and its interval, fastest on top."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.series import contexts, measured, series_label
from bench.report.figures._panels import near, scale_of
from bench.report.figures._strips import beside_strip, ratio_axis, strip, strip_dot, strips
from bench.report.style import look
from bench.units import ratio_text

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Every case against its baseline"
about = (
    "One panel a group: cases that were alive together and took turns. Dot: time over the baseline's; bar: "
    "its 95 % interval. A bar that touches the dashed line shows no difference. × : no value, and why."
)
absent = "no group has a ratio"

# inches: a row, the axis, the numbers right of it
_ROW = 0.19
_AXIS = 1.45
_NUMBERS = 1.8
_WINDOW = 30.0


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case that is not the baseline, ordered by ratio inside each group; cases without one last."""
    rivals = table[table["case_id"] != table["baseline"]]
    known = measured(rivals) & rivals["latency_ratio"].notna()
    rivals = rivals.assign(latency_ratio=rivals["latency_ratio"].where(known))
    worth = [rows.index for _, rows in contexts(rivals) if rows["latency_ratio"].notna().any()]
    parts: list[pd.DataFrame] = []
    for context, rows in contexts(rivals.loc[np.concatenate(worth)] if worth else rivals.iloc[:0]):
        ordered = rows.sort_values("latency_ratio", na_position="last")
        names = [series_label(row) for _, row in ordered.iterrows()]
        part = ordered.assign(panel=len(parts), title=context.title, series=names, place=range(len(ordered)))
        parts.append(part)
    columns = ["panel", "title", "place", "series", "operator", "rank", "status", "latency_ratio"]
    columns += ["latency_ratio_ci_low", "latency_ratio_ci_high", "case_id"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def draw(data: pd.DataFrame) -> Figure:
    """Draws a strip for each group, each on its own scale."""
    figure, drawn = strips(data, row=_ROW, axis=_AXIS, numbers=_NUMBERS)
    for ax, rows in drawn:
        _dots(ax, rows)
    return figure


def _dots(ax: Axes, rows: pd.DataFrame) -> None:
    close = near(rows, "latency_ratio", _WINDOW, by="panel")
    ends = [*close["latency_ratio_ci_low"], *close["latency_ratio_ci_high"], *close["latency_ratio"], 1.0]
    strip(ax, rows)
    ratio_axis(ax, scale_of(ends), "time / baseline", most=4)
    for row in rows.to_dict("records"):
        one, ratio = look(row["operator"]), row["latency_ratio"]
        if pd.isna(ratio):
            beside_strip(ax, row["place"], f"× {row['status']}")
            continue
        interval = (row["latency_ratio_ci_low"], row["latency_ratio_ci_high"])
        beside_strip(ax, row["place"], ratio_text(ratio, *interval))
        strip_dot(ax, row["place"], ratio, interval, one.color, one.marker)
