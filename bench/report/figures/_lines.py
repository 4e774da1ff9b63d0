"""How the line figures are drawn: a quantity over seq_len, rank or hidden_size, bands for intervals, × for failures.

Goes in: the frame of `_frame.lines`. Comes out: a Figure. Nothing is computed here but places on the paper.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from bench.report.figures._panels import (
    baseline_rule,
    log_axis,
    mark_beyond,
    mark_failed,
    mark_levels,
    near,
    operator_handles,
    panels,
    paper,
    pick,
    scale_of,
)
from bench.report.style import look

__all__ = ["draw_lines"]

_OWN = ("bench", "torch")
_WINDOW = 100.0  # an oracle that is a thousand times slower must not flatten the lines that are compared
_RATIO_WINDOW = 30.0


def draw_lines(
    data: pd.DataFrame, *, x: str, y: str, text: Callable[[float], str], base: int = 10, rule: bool = False
) -> Figure:
    """Draws one panel after another.

    Args:
        data: of `_frame.lines`.
        x: what the x axis says.
        y: what the y axis says.
        text: a value of y -> its label.
        base: of the y ticks, 2 or 10.
        rule: whether there is a line at 1.
    """
    figure, axes = paper([title for title, _ in panels(data)], operator_handles(data))
    for ax, (_, panel) in zip(axes, panels(data), strict=True):
        drawn = panel[panel["value"].notna()]
        levels = mark_levels(panel)
        close = near(drawn, "value", _RATIO_WINDOW if rule else _WINDOW)
        ends = [*close["value"], *close["low"], *close["high"], *([1.0] if rule else [])]
        above = min(0.5, (levels + 0.4) / 12) if levels else 0.0
        log_axis(ax, "y", scale_of(ends, above=above), text, base=base)
        _x_axis(ax, panel["x"].tolist())
        if rule:
            baseline_rule(ax)
        _draw_series(ax, drawn)
        mark_beyond(ax, drawn)
        mark_failed(ax, panel)
        ax.set_xlabel(x, labelpad=2)
        ax.set_ylabel(y)
    return figure


def _x_axis(ax: Axes, values: list[float]) -> None:
    ticks = pick(values)
    ax.set_xscale("log")
    ax.set_xlim(*scale_of(values, room=0.05))
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(visible=False, axis="x")


def _draw_series(ax: Axes, drawn: pd.DataFrame) -> None:
    operators = drawn["operator"].unique()
    kind = drawn["operator"].where(drawn["provider"].isin(_OWN), drawn["operator"] + " elsewhere")
    kinds = dict(zip(kind, drawn["operator"], strict=True))
    sns.lineplot(
        data=drawn.assign(kind=kind, unit=drawn["series"] + " " + drawn["segment"].astype(str)),
        x="x",
        y="value",
        hue="operator",
        style="kind",
        units="unit",
        palette={name: look(name).color for name in operators},
        markers={name: look(operator).marker for name, operator in kinds.items()},
        dashes={name: (None, None) if name == operator else (3, 1.5) for name, operator in kinds.items()},
        estimator=None,
        errorbar=None,
        legend=False,
        markeredgewidth=0,
        ax=ax,
    )
    for (operator, _, _), line in drawn.groupby(["operator", "series", "segment"], sort=False):
        known = line[np.isfinite(line["low"]) & np.isfinite(line["high"])]
        color = look(str(operator)).color
        if len(known) > 1:
            ax.fill_between(known["x"], known["low"], known["high"], color=color, alpha=0.2, linewidth=0)
        elif len(known):
            ax.vlines(known["x"], known["low"], known["high"], color=color, linewidth=1.2)
