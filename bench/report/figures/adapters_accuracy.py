"""What fine-tuning reaches: a row an adapter and rank, the fewest trained weights on top."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.applications import task_rows, usual_rate, value_text
from bench.analysis.tuned import trained_weights
from bench.report.figures._strips import beside_strip, strip, strip_dot, strips
from bench.report.figures._tasks import absence_mark, gathered, rule_name, task_panels, value_axis
from bench.report.style import INK, look
from bench.units import count_text

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Adapters: accuracy by trained weights"
about = (
    "A pretrained model fine-tuned with each adapter, the fewest trained weights on top; bar: 95 % interval over "
    "seeds and samples. Right: the value, and how many weights are trained. Strokes above: the majority class, a "
    "linear model without attention, and the model before training with a linear head on its frozen features, whose "
    "value is the dashed line. A caret at the edge: beyond the axis; × : no value, and why; – : not tried."
)
absent = "no model was fine-tuned with two adapters or more"

# inches: a row, the axis, the numbers right of it
_ROW = 0.2
_AXIS = 2.4
_NUMBERS = 2.1

_FEWEST = 2
_VALUE = ("task_value", "task_value_ci_low", "task_value_ci_high")
_BEFORE = ("task_majority", "task_linear", "task_value_before")


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case of fine-tuning, and one without a `case_id` for each value that trains nothing."""
    parts: list[pd.DataFrame] = []
    done = usual_rate(task_rows(table, "train"))
    for name, rows in task_panels(done[done["application"] == "adapted"] if len(done) else done):
        if rows["task_value"].notna().sum() < _FEWEST:
            continue
        cases = rows.assign(weights=trained_weights(rows)).sort_values(["weights", "case_id"])
        every = pd.DataFrame([*_untrained(cases), *cases.to_dict("records")])
        parts.append(every.assign(panel=len(parts), title=name, place=range(len(every))))
    return gathered(parts, "place", "weights", *_VALUE, "checkpoint_bytes").drop(columns="label")  # rows have names


def draw(data: pd.DataFrame) -> Figure:
    """Draws a strip for each task."""
    figure, drawn = strips(data, row=_ROW, axis=_AXIS, numbers=_NUMBERS)
    for ax, rows in drawn:
        strip(ax, rows)
        _dots(ax, rows)
    return figure


def _untrained(cases: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yields what is reached without training the model, of what is known."""
    metric = str(cases["metric"].iloc[0])
    for column in _BEFORE:
        known = cases[column].dropna() if column in cases else cases["metric"].iloc[:0]
        if len(known):
            yield {"series": rule_name(column, metric), "metric": metric, "task_value": float(known.iloc[0])}


def _dots(ax: Axes, rows: pd.DataFrame) -> None:
    before = rows.loc[rows["series"] == rule_name("task_value_before", ""), "task_value"]
    trained = rows[rows["case_id"].notna()]
    value_axis(ax, rows["metric"].iloc[0], [*trained[list(_VALUE)].to_numpy().flat, *before], which="x")
    for value in before:
        ax.axvline(value, color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1.5)
    for row in rows.to_dict("records"):
        place, value = row["place"], row["task_value"]
        if pd.isna(value):
            beside_strip(ax, place, f"{absence_mark(row['status'])} {row['status']}")
            continue
        told = value_text(pd.Series(row | {"task_metric": row["metric"]}))
        if pd.isna(row["case_id"]):
            color, marker = INK, "|"
        else:
            one = look(row["operator"])
            color, marker = one.color, one.marker
            told += f"  {count_text(row['weights'])}"
        beside_strip(ax, place, told)
        strip_dot(ax, place, value, (row["task_value_ci_low"], row["task_value_ci_high"]), color, marker)
