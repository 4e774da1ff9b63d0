"""Our operators beside other packages' implementations of the same: a row an implementation, a dot a case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.packages import beside_packages
from bench.report.figures._panels import scale_of
from bench.report.figures._strips import beside_strip, ratio_axis, strip, strips
from bench.report.style import look

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Beside other packages"
about = (
    "Our time over the package's, same case, both alive together and taking turns. One row an implementation, one "
    "dot a case (length, rank), a line its 95 % interval; left of the dashed line ours is faster. Right: the mean. "
    "A hollow dot, and ≠ at the name: the package computes something else, its output is not ours to rounding."
)
absent = "no other package's implementation was measured beside ours"

# inches: a row, the axis, the numbers right of it
_ROW = 0.26
_AXIS = 2.2
_NUMBERS = 0.7


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case of another package that has a ratio; panels by scope and phase, lowest mean on top."""
    beside = beside_packages(table, rounds)
    beside = beside[beside["ratio"].notna()]
    beside = beside.assign(
        title=beside["scope"] + "/" + beside["phase"] + ", " + beside["device"],
        series=beside["label"].astype(str) + " [" + beside["provider"].astype(str) + "]",
    )
    parts: list[pd.DataFrame] = []
    for name, rows in beside.groupby("title", sort=False):
        means = np.log(rows["ratio"]).groupby(rows["series"]).mean().sort_values()
        place = {series: index for index, series in enumerate(means.index)}
        mean, agree = rows["series"].map(np.exp(means)), rows.groupby("series")["agrees"].transform("all")
        parts.append(
            rows.assign(
                panel=len(parts),
                title=name,
                place=rows["series"].map(place),
                mean=mean,
                series=rows["series"].where(agree, rows["series"] + " ≠"),
            )
        )
    columns = ["panel", "title", "place", "series", "operator", "provider", "seq_len", "rank", "ratio"]
    columns += ["ratio_ci_low", "ratio_ci_high", "mean", "peak_share", "agreement_rel_error", "agrees", "fastest"]
    columns += ["ours", "case_id"]
    return pd.concat(parts).sort_values(["panel", "place"])[columns] if parts else pd.DataFrame(columns=columns)


def draw(data: pd.DataFrame) -> Figure:
    """Draws a strip for each scope and phase, each on its own scale."""
    figure, drawn = strips(data, row=_ROW, axis=_AXIS, numbers=_NUMBERS)
    for ax, rows in drawn:
        _dots(ax, rows)
    return figure


def _dots(ax: Axes, rows: pd.DataFrame) -> None:
    strip(ax, rows)
    ratio_axis(ax, scale_of([*rows["ratio"], 1.0]), "ours / theirs, time", most=5)
    for _, same in rows.groupby("place"):
        beside_strip(ax, same["place"].iloc[0], f"{same['mean'].iloc[0]:.2f}")
        spread = np.linspace(-0.22, 0.22, len(same)) if len(same) > 1 else [0.0]
        for aside, row in zip(spread, same.to_dict("records"), strict=True):
            one, y = look(row["operator"]), row["place"] + aside
            ax.plot([row["ratio_ci_low"], row["ratio_ci_high"]], [y, y], color=one.color, linewidth=1.0)
            face = one.color if row["agrees"] else "none"
            ax.plot([row["ratio"]], [y], color=one.color, marker=one.marker, markersize=3.5, markerfacecolor=face)
