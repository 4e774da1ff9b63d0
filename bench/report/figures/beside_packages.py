"""Our operators beside other packages' implementations of the same: a row an implementation, a dot a case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.packages import beside_packages
from bench.report.figures._panels import baseline_rule, log_axis, panels, paper, scale_of
from bench.report.style import INK, look

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Beside other packages"
about = (
    "Our time over the package's, same case, both alive together and taking turns. One row an implementation, one "
    "dot a case (length, rank), a line its 95 % interval; left of the dashed line ours is faster. Right: the mean."
)
absent = "no other package's implementation was measured beside ours"

# inches: a row, what stands around the rows, the axis, the numbers right of it, a letter of a name left of it
_ROW = 0.26
_FRAME = 1.0
_AXIS = 2.2
_NUMBERS = 0.7
_LETTER = 0.068


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
        mean = rows["series"].map(np.exp(means))
        parts.append(rows.assign(panel=len(parts), title=name, place=rows["series"].map(place), mean=mean))
    columns = ["panel", "title", "place", "series", "operator", "provider", "seq_len", "rank", "ratio"]
    columns += ["ratio_ci_low", "ratio_ci_high", "mean", "peak_share", "fastest", "ours", "case_id"]
    return pd.concat(parts).sort_values(["panel", "place"])[columns] if parts else pd.DataFrame(columns=columns)


def draw(data: pd.DataFrame) -> Figure:
    """Draws a strip for each scope and phase, each on its own scale."""
    strips = panels(data)
    heights = [_FRAME + _ROW * rows["place"].nunique() for _, rows in strips]
    names = 0.3 + _LETTER * int(data["series"].str.len().max())
    sides = (names, _NUMBERS)
    titles = [title for title, _ in strips]
    figure, axes = paper(titles, [], heights=heights, width=names + _AXIS + _NUMBERS, sides=sides)
    for ax, (_, rows) in zip(axes, strips, strict=True):
        _strip(ax, rows)
    return figure


def _strip(ax: Axes, rows: pd.DataFrame) -> None:
    log_axis(ax, "x", scale_of([*rows["ratio"], 1.0]), "{:g}".format, most=5)
    first = rows.drop_duplicates("place")
    ax.set_ylim(len(first) - 0.4, -0.6)
    ax.set_yticks(first["place"].tolist(), labels=first["series"].tolist(), fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    baseline_rule(ax, vertical=True)
    beside = ax.get_yaxis_transform()
    for row in first.to_dict("records"):
        ax.text(1.04, row["place"], f"{row['mean']:.2f}", transform=beside, fontsize=8, va="center_baseline")
    for _, same in rows.groupby("place"):
        spread = np.linspace(-0.22, 0.22, len(same)) if len(same) > 1 else [0.0]
        for aside, row in zip(spread, same.to_dict("records"), strict=True):
            one, y = look(row["operator"]), row["place"] + aside
            ax.plot([row["ratio_ci_low"], row["ratio_ci_high"]], [y, y], color=one.color, linewidth=1.0)
            ax.plot([row["ratio"]], [y], color=one.color, marker=one.marker, markersize=3.5)
    ax.set_xlabel("ours / theirs, time", labelpad=2, color=INK)
