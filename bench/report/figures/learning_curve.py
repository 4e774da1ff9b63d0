"""How a task is learnt: the value on validation samples over the time of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.applications import task_rows, usual_rate
from bench.report.figures._panels import operator_handles, panels, paper
from bench.report.figures._tasks import corner, corner_room, gathered, task_panels, value_axis
from bench.report.style import look
from bench.table.tasks import curve_points

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Learning curves"
about = (
    "The value on validation samples against seconds of training, evaluations not counted: mean over seeds, at the "
    "start and after each eighth. A curve that ends earlier took less time for the same steps. × at its end: the "
    "loss of a seed was not finite. In the corner: what has no curve, and why."
)
absent = "nothing was trained on a task"


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a point of each curve, and one for each case that was to be trained and has none."""
    parts: list[pd.DataFrame] = []
    done = usual_rate(task_rows(table, "train"))
    trained = done[(done["application"] != "swapped") | done["recover_steps"].notna()] if len(done) else done
    for name, rows in task_panels(trained, by_rank=True):
        points = pd.DataFrame([point for _, row in rows.iterrows() for point in _points(row)])
        if points["value"].notna().any():
            parts.append(points.assign(panel=len(parts), title=name))
    return gathered(parts, "step", "train_s", "value")


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each task, way of doing it, and rank."""
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, rows) in zip(axes, panels(data), strict=True):
        without = rows[rows["step"].isna()]
        value_axis(ax, rows["metric"].iloc[0], rows["value"], room=corner_room(without, "value"))
        for _, line in rows[rows["step"].notna()].groupby("case_id", sort=False):
            _curve(ax, line)
        corner(ax, without, "value")
        ax.set_xlim(left=0)
        ax.set_xlabel("seconds of training", labelpad=2)
    return figure


def _points(row: pd.Series[Any]) -> Iterator[dict[Any, Any]]:
    """Yields the points of a curve as far as they are finite; one without a number where there are none."""
    text = "" if pd.isna(row["task_curve"]) else str(row["task_curve"])
    points = [point for point in curve_points(text) if np.isfinite(point).all()]
    for step, seconds, value in points or [(np.nan, np.nan, np.nan)]:
        yield {**row.to_dict(), "step": step, "train_s": seconds, "value": value}


def _curve(ax: Axes, line: pd.DataFrame) -> None:
    first, last = line.iloc[0], line.iloc[-1]
    one = look(first["operator"])
    ax.plot(line["train_s"], line["value"], color=one.color, marker=one.marker, markersize=4)
    if first["status"] == "diverged":
        at = ([last["train_s"]], [last["value"]])
        ax.plot(*at, color=one.color, marker="x", markersize=9, markeredgewidth=1.8, linestyle="none")
