"""How well a task is done against time: which cases are worth having."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.applications import sign, task_rows, usual_rate
from bench.analysis.pareto import on_front
from bench.analysis.series import measured
from bench.report.figures._numbers import numbers
from bench.report.figures._panels import log_axis, operator_handles, panels, paper, scale_of
from bench.report.figures._tasks import (
    all_layers,
    beyond,
    corner,
    corner_room,
    gathered,
    one_layer,
    reference_rules,
    task_panels,
    value_axis,
)
from bench.report.style import PAPER, look
from bench.units import seconds_text

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Tasks against latency"
about = (
    "Time of a call of the whole network (a forward pass, a training step) and what it reaches on the test samples; "
    "bars: their intervals. A full mark is on the Pareto front by its medians: no other case of the panel is both "
    "faster and better. The number beside a mark, where there is room, is its rank; where one layer was replaced, "
    "which. Dotted: what something simpler reaches, and the model before training. ▲ : beyond the axis; × : no value "
    "or no latency, and why; – : not tried."
)
absent = "no task has two cases with both a latency and a value"

_FEWEST = 2
_VALUE = ("task_value", "task_value_ci_low", "task_value_ci_high")
_LATENCY = ("latency_median_s", "latency_ci_low_s", "latency_ci_high_s")


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case and phase; `drawn_value` is absent where the case has no value or no latency."""
    parts: list[pd.DataFrame] = []
    for phase in ("forward", "train"):
        timed = table[table["phase"] == phase]
        done = usual_rate(task_rows(timed, phase))
        alone = [(f"{name}, one layer", rows) for name, rows in task_panels(one_layer(done))]
        for name, rows in [*task_panels(all_layers(done)), *alone]:
            own = timed.loc[rows.index, "status"]
            known = measured(rows.assign(status=own))
            states = [_state(*each) for each in zip(rows["status"], own, known, strict=True)]
            rows = rows.assign(status=states, drawn_value=rows["task_value"].astype(float).where(known))
            there = rows[rows["drawn_value"].notna()]
            if len(there) < _FEWEST:
                continue
            loss = [-sign(row) * row["task_value"] for _, row in there.iterrows()]
            front = on_front(np.stack([there["latency_median_s"], loss], axis=-1))
            on = pd.Series(front, index=there.index).reindex(rows.index, fill_value=False)
            parts.append(rows.assign(panel=len(parts), title=f"{phase}: {name}", on_front=on))
    rules = ("task_majority", "task_linear", "task_value_before")
    return gathered(parts, "layer", *_LATENCY, *_VALUE, "drawn_value", "on_front", *rules)


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each task, way of doing it, and phase."""
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, rows) in zip(axes, panels(data), strict=True):
        rows = rows.assign(number=rows["layer"].fillna(rows["rank"]))
        there = rows[rows["drawn_value"].notna()]
        ends = [end for name in _VALUE for end in there[name]]
        value_axis(ax, rows["metric"].iloc[0], ends, room=corner_room(rows, "drawn_value"))
        log_axis(ax, "x", scale_of(there["latency_median_s"], room=0.08), seconds_text, most=4)
        _marks(ax, there)
        numbers(ax, there, "latency_median_s", "drawn_value", "number")
        reference_rules(ax, rows)
        corner(ax, rows, "drawn_value")
        beyond(ax, rows, "latency_median_s", "drawn_value", number="number")
        ax.set_xlabel("time a call", labelpad=2)
    return figure


def _state(of_task: str, own: str, timed: bool) -> str:
    """Gives the status that says why there is nothing to draw, of the task or of the timing."""
    if timed:
        return of_task
    return "no latency" if own in ("ok", "throttled") else own


def _marks(ax: Axes, rows: pd.DataFrame) -> None:
    for row in rows.to_dict("records"):
        one = look(row["operator"])
        x, y = row["latency_median_s"], row["drawn_value"]
        fill = one.color if row["on_front"] else PAPER
        ax.plot([row["latency_ci_low_s"], row["latency_ci_high_s"]], [y, y], color=one.color, linewidth=1.0)
        ax.plot([x, x], [row["task_value_ci_low"], row["task_value_ci_high"]], color=one.color, linewidth=1.0)
        ax.plot([x], [y], color=one.color, marker=one.marker, markersize=6, markerfacecolor=fill, linestyle="none")
