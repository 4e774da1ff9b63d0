"""Error against time: which cases are worth having, and how surely they are on the front."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.errors import against_exact
from bench.analysis.finding import EXACT
from bench.analysis.pareto import front_probability, on_front
from bench.analysis.series import contexts, measured, series_label
from bench.report.figures._numbers import numbers
from bench.report.figures._panels import log_axis, operator_handles, panels, paper, scale_of
from bench.report.style import INK, PAPER, look
from bench.units import seconds_text

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Error against latency"
about = (
    "Down and to the left is better. The grey steps are the Pareto front: no other case of the group is both faster "
    "and nearer to exact attention. A full mark is on the front with a probability of a half or more (rounds and "
    "random draws resampled), a hollow one is not; the number beside it, where there is room, is its rank. Exact "
    "operators stand at the bottom edge."
)
absent = "no group has three cases with both a latency and an error"

_FEWEST = 3


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a case with a latency and an error, with its place on the paper and its chance of the front.

    `drawn_error` is the error, or the panel's floor where the operator is exact.
    """
    columns = ["panel", "title", "series", "operator", "label", "rank", "latency_median_s", "latency_ci_low_s"]
    columns += ["latency_ci_high_s", "attention_rel_error", "drawn_error", "on_front", "front_probability", "case_id"]
    if "attention_rel_error" not in table:
        return pd.DataFrame(columns=columns)
    parts: list[pd.DataFrame] = []
    known = measured(table) & table["attention_rel_error"].notna() & against_exact(table)
    for context, rows in contexts(table[known]):
        if len(rows) < _FEWEST:
            continue
        error = rows["attention_rel_error"].where(rows["attention_rel_error"] >= EXACT, 0.0)
        floor = error[error > 0].min() / 3 if (error > 0).any() else EXACT
        part = rows.assign(
            panel=len(parts),
            title=context.title,
            series=[series_label(row) for _, row in rows.iterrows()],
            drawn_error=error.where(error > 0, floor),
            on_front=on_front(np.stack([rows["latency_median_s"], error], axis=-1)),
            front_probability=front_probability(rows.assign(attention_rel_error=error), rounds),
        )
        parts.append(part.sort_values(["latency_median_s"]))
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each group."""
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, rows) in zip(axes, panels(data), strict=True):
        _panel(ax, rows)
    return figure


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    exact = rows["attention_rel_error"] < EXACT
    floor = float(rows.loc[exact, "drawn_error"].min()) if exact.any() else 0.0
    log_axis(ax, "x", scale_of(rows["latency_median_s"], room=0.08), seconds_text, most=4)
    log_axis(ax, "y", scale_of(rows["drawn_error"], room=0.08), lambda v: f"{v:g}" if v > 1.5 * floor else "")
    if exact.any():
        ax.text(-0.02, floor, "exact", transform=ax.get_yaxis_transform(), ha="right", va="center_baseline")
    front = rows[rows["on_front"]]
    ax.step(front["latency_median_s"], front["drawn_error"], where="post", color=INK, alpha=0.35, linewidth=1.2)
    for operator, knob in rows.groupby("operator", sort=False):
        if len(knob) > 1:
            path = knob.sort_values("rank")
            ax.plot(path["latency_median_s"], path["drawn_error"], color=look(str(operator)).color, linewidth=0.7)
    for row in rows.to_dict("records"):
        one = look(row["operator"])
        x, y = row["latency_median_s"], row["drawn_error"]
        fill = one.color if row["front_probability"] >= 0.5 else PAPER
        ends = [row["latency_ci_low_s"], row["latency_ci_high_s"]]
        ax.plot(ends, [y, y], color=one.color, linewidth=1.0)
        ax.plot([x], [y], color=one.color, marker=one.marker, markersize=6, markerfacecolor=fill, linestyle="none")
    numbers(ax, rows, "latency_median_s", "drawn_error", "rank")
    ax.set_xlabel("time a call", labelpad=2)
    ax.set_ylabel("error of A")
