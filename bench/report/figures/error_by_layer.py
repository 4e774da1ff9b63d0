"""Where a pretrained model goes wrong once its attention is replaced: the error of each layer's output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.analysis.applications import task_rows
from bench.analysis.finding import EXACT
from bench.report.figures._panels import baseline_rule, log_axis, operator_handles, panels, paper, scale_of
from bench.report.figures._tasks import corner, corner_room, gathered, layer_axis, task_panels
from bench.report.style import look

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Error by layer"
about = (
    "A pretrained model with the attention of all layers replaced, nothing trained: relative error of each layer's "
    "output against the exact model's, what earlier layers did to its input included. Exact operators are not drawn. "
    "At the dashed line an output of zeros would do as well. × : no value, and why; – : not tried."
)
absent = "no pretrained model had all its attentions replaced"


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case and layer, and one for each case that was to be replaced and has no error."""
    parts: list[pd.DataFrame] = []
    done = task_rows(table, "forward")
    if len(done):
        frozen = (done["application"] == "swapped") & done["recover_steps"].isna() & done["layer"].isna()
        done = done[frozen & (done["case_id"] != done["baseline"])]
    for name, rows in task_panels(done, by_rank=True):
        points = pd.DataFrame([point for _, row in rows.iterrows() for point in _points(row)])
        if len(points) and points["error"].notna().any():
            parts.append(points.assign(panel=len(parts), title=name))
    return gathered(parts, "layer", "error")


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each model, task and rank."""
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, rows) in zip(axes, panels(data), strict=True):
        log_axis(ax, "y", scale_of([*rows["error"], 1.0], above=corner_room(rows, "error")), "{:g}".format)
        baseline_rule(ax)
        for _, line in rows[rows["error"].notna()].groupby("case_id", sort=False):
            one = look(line["operator"].iloc[0])
            ax.plot(line["layer"], line["error"], color=one.color, marker=one.marker)
        corner(ax, rows, "error")
        layer_axis(ax)
        ax.set_ylabel("relative error")
    return figure


def _points(row: pd.Series[Any]) -> Iterator[dict[Any, Any]]:
    """Yields the errors of a case as far as they are finite; none of an exact one, nor where it simply has none."""
    text = "" if pd.isna(row["layer_rel_errors"]) else str(row["layer_rel_errors"])
    errors = [(float(layer), float(error)) for layer, error in enumerate(text.split())]
    finite = [(layer, error) for layer, error in errors if np.isfinite(error)]
    if not finite and (errors or row["status"] != "ok"):
        finite = [(np.nan, np.nan)]
    if all(error < EXACT for _, error in finite):
        return
    for layer, error in finite:
        yield {**row.to_dict(), "layer": layer, "error": max(error, EXACT)}  # 0 before the first layer that errs
