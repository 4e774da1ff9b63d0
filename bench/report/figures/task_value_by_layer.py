"""Which layer of a pretrained model bears it that its attention is replaced: what is reached, layer by layer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.applications import task_rows, usual_rate
from bench.analysis.series import series_label
from bench.report.figures._panels import operator_handles, panels, paper
from bench.report.figures._tasks import (
    beyond,
    corner,
    corner_room,
    gathered,
    layer_axis,
    level_line,
    one_layer,
    reference_rules,
    task_panels,
    value_axis,
)
from bench.report.style import look

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Tasks by the layer that is replaced"
about = (
    "What a pretrained model reaches on the test samples with the attention of one layer replaced; bar: its 95 % "
    "interval. Level line and band: exact attention in all layers. Operators stand side by side. Dotted: what saying "
    "the most frequent class always reaches, and what a linear model without attention does. ▲ : beyond the axis; "
    "× : no value, and why; – : not tried."
)
absent = "no task was done with two layers or more replaced, one at a time"

_VALUE = ("task_value", "task_value_ci_low", "task_value_ci_high")
_ABREAST = 0.12  # of a layer, between two operators


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case of each panel with two layers or more; `line` names the line that it is a point of."""
    parts: list[pd.DataFrame] = []
    for name, rows in task_panels(one_layer(usual_rate(task_rows(table, "forward"))), by_rank=True):
        alone = rows[rows["layer"].notna()]
        if alone["layer"].nunique() > 1 and alone["task_value"].notna().any():
            lines = [series_label(row, "layer") for _, row in rows.iterrows()]
            parts.append(rows.assign(panel=len(parts), title=name, line=lines))
    return gathered(parts, "line", "layer", *_VALUE, "task_majority", "task_linear")


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each model, task and rank."""
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, rows) in zip(axes, panels(data), strict=True):
        value_axis(
            ax, rows["metric"].iloc[0], rows[list(_VALUE)].to_numpy().flat, room=corner_room(rows, "task_value")
        )
        alone = rows["layer"].notna()
        for _, row in rows[~alone].iterrows():
            level_line(ax, row, (rows["layer"].min(), rows["layer"].max()))
        _lines(ax, rows[alone])
        reference_rules(ax, rows)
        corner(ax, rows, "task_value")
        layer_axis(ax)
        beyond(ax, rows, "layer", "task_value")
    return figure


def _lines(ax: Axes, rows: pd.DataFrame) -> None:
    lines = [line.sort_values("layer") for _, line in rows.groupby("line", sort=False)]
    for line, aside in zip(lines, _ABREAST * (np.arange(len(lines)) - (len(lines) - 1) / 2), strict=True):
        one, x = look(line["operator"].iloc[0]), line["layer"] + aside
        ax.plot(x, line["task_value"], color=one.color, marker=one.marker)
        ax.vlines(x, line["task_value_ci_low"], line["task_value_ci_high"], color=one.color, linewidth=1.0)
