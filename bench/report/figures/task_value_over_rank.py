"""How well a task is done over rank, beside exact attention, the majority class and a linear model."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.applications import task_rows, usual_rate
from bench.analysis.series import series_label
from bench.report.figures._panels import operator_handles, panels, paper
from bench.report.figures._tasks import (
    all_layers,
    beyond,
    corner,
    corner_room,
    gathered,
    level_line,
    rank_axis,
    reference_rules,
    task_panels,
    value_axis,
)
from bench.report.style import look

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Tasks over rank"
about = (
    "What each attention or adapter reaches on the test samples; bar and band: its 95 % interval. "
    "A level line is an operator without a rank. In a pretrained model all attentions are replaced. Dotted: what "
    "saying the most frequent class always reaches, and what a linear model without attention does. ▲ : beyond the "
    "axis; × : no value, and why; – : not tried."
)
absent = "no task was done at two ranks or more"

_VALUE = ("task_value", "task_value_ci_low", "task_value_ci_high")


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case of each panel with two ranks or more; `line` names the line that it is a point of."""
    parts: list[pd.DataFrame] = []
    for name, rows in task_panels(all_layers(usual_rate(task_rows(table, "forward")))):
        ranked = rows[rows["rank"].notna()]
        if ranked["rank"].nunique() > 1 and ranked["task_value"].notna().any():
            lines = [series_label(row, "rank") for _, row in rows.iterrows()]
            parts.append(rows.assign(panel=len(parts), title=name, line=lines))
    return gathered(parts, "line", *_VALUE, "task_majority", "task_linear")


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each task and way of doing it."""
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, rows) in zip(axes, panels(data), strict=True):
        ends = [end for name in _VALUE for end in rows[name]]
        value_axis(ax, rows["metric"].iloc[0], ends, room=corner_room(rows, "task_value"))
        ranks = rows["rank"].dropna()
        rank_axis(ax, ranks.tolist())
        for _, line in rows.groupby("line", sort=False):
            if line["rank"].isna().all():
                level_line(ax, line.iloc[0], (ranks.min(), ranks.max()))
            else:
                _line(ax, line.sort_values("rank"))
        reference_rules(ax, rows)
        corner(ax, rows, "task_value")
        beyond(ax, rows, "rank", "task_value")
    return figure


def _line(ax: Axes, line: pd.DataFrame) -> None:
    one = look(line["operator"].iloc[0])
    ax.plot(line["rank"], line["task_value"], color=one.color, marker=one.marker)
    ax.vlines(line["rank"], line["task_value_ci_low"], line["task_value_ci_high"], color=one.color, linewidth=1.0)
