"""What fine-tuning reaches against how many weights it trains: adapters over rank, beside full fine-tuning."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.applications import task_rows, usual_rate
from bench.analysis.series import series_label
from bench.analysis.tuned import trained_weights
from bench.report.figures._panels import log_axis, operator_handles, panels, paper, scale_of
from bench.report.figures._tasks import corner, corner_room, gathered, reference_rules, task_panels, value_axis
from bench.report.style import INK, look
from bench.units import count_text

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Adapters: accuracy against trained weights"
about = (
    "A pretrained model fine-tuned with each adapter; bar: 95 % interval over seeds and samples; the number beside a "
    "mark is its rank. Dashed: the model before training, with a linear head on its frozen features. Dotted: the "
    "majority class, and a linear model without attention. × : no value, and why; – : not tried."
)
absent = "no model was fine-tuned with two adapters or more"

_FEWEST = 2
_VALUE = ("task_value", "task_value_ci_low", "task_value_ci_high")


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case of fine-tuning; `weights` is how many are trained, `line` what it is a point of."""
    parts: list[pd.DataFrame] = []
    done = usual_rate(task_rows(table, "train"))
    for name, rows in task_panels(done[done["application"] == "adapted"] if len(done) else done):
        rows = rows.assign(
            weights=trained_weights(rows), line=[series_label(row, "rank") for _, row in rows.iterrows()]
        )
        rows = rows.assign(drawn_value=rows["task_value"].where(rows["weights"] > 0))
        if rows["drawn_value"].notna().sum() >= _FEWEST:
            parts.append(rows.assign(panel=len(parts), title=name))
    more = ("line", "weights", *_VALUE, "drawn_value", "task_value_before", "task_majority", "task_linear")
    return gathered(parts, *more, "checkpoint_bytes")


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each task."""
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, rows) in zip(axes, panels(data), strict=True):
        there = rows[rows["drawn_value"].notna()]
        before = rows["task_value_before"].dropna()
        ends = [*(end for name in _VALUE for end in there[name]), *before]
        value_axis(ax, rows["metric"].iloc[0], ends, room=corner_room(rows, "drawn_value"))
        log_axis(ax, "x", scale_of(there["weights"], room=0.08), count_text, most=5)
        if len(before):
            ax.axhline(before.iloc[0], color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1.5)
        for _, line in there.groupby("line", sort=False):
            _line(ax, line.sort_values("weights"))
        reference_rules(ax, rows)
        corner(ax, rows, "drawn_value")
        ax.set_xlabel("trained weights", labelpad=2)
    return figure


def _line(ax: Axes, line: pd.DataFrame) -> None:
    one = look(line["operator"].iloc[0])
    ax.plot(line["weights"], line["drawn_value"], color=one.color, marker=one.marker, linewidth=0.9)
    ends = (line["task_value_ci_low"], line["task_value_ci_high"])
    ax.vlines(line["weights"], *ends, color=one.color, linewidth=1.0)
    for row in line[line["rank"].notna()].to_dict("records"):
        at = (row["weights"], row["drawn_value"])
        ax.annotate(f"{row['rank']:g}", at, (4, 3), textcoords="offset points", size=7, color=one.color)
