"""The paper that figures are drawn on: equal panels with room for their words, log axes with plain labels.

Everything stands at places known beforehand, so that nothing overlaps and no layout has to be searched for. Goes in:
titles and what the legend names. Comes out: a matplotlib Figure and its axes. Used inside `style.rc`.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import CARETDOWNBASE, CARETUPBASE
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from bench.report.style import BOUND, INK, look

__all__ = [
    "MARGINS",
    "baseline_rule",
    "log_axis",
    "mark_beyond",
    "mark_failed",
    "mark_levels",
    "near",
    "operator_handles",
    "panels",
    "paper",
    "pick",
    "scale_of",
]

MARGINS = (0.86, 0.2, 0.48, 0.44)
"""Inches around a panel's axes: left, right, below, above."""

_HEIGHT = 3.0
_COLUMNS = 3
_LEGEND_LINE = 0.2
_LEGEND_COLUMNS = 5
_LEGEND_ENTRY = 1.9  # inches that one takes
_TITLE_LETTER = 0.072
_FAILED = ("oom", "timeout", "crashed", "nan", "device_lost", "interrupted")


def paper(
    titles: Sequence[str],
    handles: Sequence[Line2D],
    *,
    heights: Sequence[float] = (),
    width: float = 3.9,
    sides: tuple[float, float] = MARGINS[:2],
) -> tuple[Figure, list[Axes]]:
    """Gives a figure with one panel a title, three in a row, and the legend below.

    Args:
        titles: what stands above each panel; broken into two lines where long.
        handles: what the legend shows.
        heights: inches of each panel; absent: all alike.
        width: inches of every panel.
        sides: inches left and right of the axes, for their labels.
    """
    tall = list(heights) or [_HEIGHT] * len(titles)
    columns = min(_COLUMNS, len(titles))
    bands = [max(tall[i : i + columns]) for i in range(0, len(tall), columns)]
    whole = columns * width
    abreast = max(1, min(_LEGEND_COLUMNS, int(whole / _LEGEND_ENTRY)))
    legend = _LEGEND_LINE * math.ceil(len(handles) / abreast) + 0.2 if handles else 0.0
    height = sum(bands) + legend
    figure = Figure(figsize=(whole, height))
    FigureCanvasAgg(figure)
    (left, right), (below, above) = sides, MARGINS[2:]
    axes = []
    for index, title in enumerate(titles):
        row, column = divmod(index, columns)
        top = height - sum(bands[:row])
        box = (column * width + left, top - tall[index] + below)
        size = (width - left - right, tall[index] - below - above)
        ax = figure.add_axes((box[0] / whole, box[1] / height, size[0] / whole, size[1] / height))
        ax.set_gid(f"panel-{index}")
        ax.set_title("\n".join(textwrap.wrap(title, int(width / _TITLE_LETTER))[:2]), pad=5, x=(0.1 - left) / size[0])
        ax.yaxis.set_label_coords((0.12 - left) / size[0], 0.5)
        axes.append(ax)
    if handles:
        at = (0.1 / whole, 0.05 / height)
        figure.legend(handles=list(handles), loc="lower left", bbox_to_anchor=at, ncols=abreast)
    return figure, axes


def operator_handles(data: pd.DataFrame) -> list[Line2D]:
    """Gives a legend's handle for each operator of `data`, in the order of its rows."""
    handles = []
    for row in data.drop_duplicates("operator").to_dict("records"):
        one = look(row["operator"])
        handle = Line2D([], [], color=one.color, marker=one.marker, label=row["label"])
        handle.set_linestyle("--" if row["operator"] == BOUND else "-")
        handles.append(handle)
    return handles


def scale_of(values: Iterable[float], *, room: float = 0.06, above: float = 0.0) -> tuple[float, float]:
    """Gives the limits of a log axis that holds the values, with room at both ends and more above for marks.

    Args:
        values: positive; NaN is left out; none at all gives 1 to 10.
        room: share of the axis left free at each end.
        above: share of the axis kept for marks at its top.
    """
    x = np.asarray(list(values), dtype=float)
    x = np.log(x[np.isfinite(x) & (x > 0)])
    if not len(x):
        return 1.0, 10.0
    low, high = float(x.min()), float(x.max())
    if high - low < math.log(1.3):  # a flat line must not fill the panel with its noise
        middle = (high + low) / 2
        low, high = middle - math.log(1.3) / 2, middle + math.log(1.3) / 2
    span = (high - low) / (1 - 2 * room - above)
    return math.exp(low - room * span), math.exp(high + (room + above) * span)


def log_axis(
    ax: Axes, which: str, limits: tuple[float, float], text: Callable[[float], str], *, base: int = 10, most: int = 6
) -> None:
    """Makes an axis logarithmic, with a few labels in the words of `text`.

    Args:
        ax: the panel.
        which: `x` or `y`.
        limits: of the axis.
        text: value -> label; empty: no tick.
        base: 10 for ticks at 1, 2, 5 of a decade or at decades; 2 for powers of two.
        most: labels at the most.
    """
    ticks = [tick for tick in _ticks(*limits, base, most) if text(tick)]
    axis = ax.xaxis if which == "x" else ax.yaxis
    (ax.set_xscale if which == "x" else ax.set_yscale)("log")
    (ax.set_xlim if which == "x" else ax.set_ylim)(*limits)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter([text(tick) for tick in ticks]))
    axis.set_minor_locator(NullLocator())


def _ticks(low: float, high: float, base: int, most: int) -> list[float]:
    first, last = math.floor(math.log(low, base)) - 1, math.ceil(math.log(high, base)) + 1
    steps: Iterable[Sequence[float]]
    if base == 2:
        steps = [[m * 2.0**p for p in range(first, last + 1) for m in (1, 1.25, 1.5, 1.75)]]
        steps += [[2.0**p for p in range(first, last + 1) if p % step == 0] for step in (1, 2, 4, 5, 10)]
    else:
        decades = range(first, last + 1)
        tenths = [m / 10 for m in range(10, 100)]
        some = (1, 1.1, 1.2, 1.3, 1.5, 1.7, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
        subs = (tenths, some, (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3))
        steps = [[m * 10.0**p for p in decades for m in sub] for sub in subs]
        steps = [*steps, *([10.0**p for p in decades if p % step == 0] for step in (1, 2, 3, 4, 6))]
    found: list[float] = []
    for candidates in steps:
        found = [tick for tick in candidates if low <= tick <= high]
        if len(found) <= most:
            return found
    return found


def mark_failed(ax: Axes, panel: pd.DataFrame) -> None:
    """Draws the cases without a value along the top: × and its status for a failure, – for one that was not tried.

    Args:
        ax: a panel whose limits leave room above (`levels` of marks, a twelfth of the height each).
        panel: rows with `x value status operator`.
    """
    place, (first, last) = ax.get_xaxis_transform(), ax.get_xlim()
    for _, here in panel[panel["value"].isna()].groupby("x"):
        for level, row in enumerate(here.to_dict("records")):
            failed = row["status"] in _FAILED
            x, y, color = row["x"], 0.96 - level / 12, look(row["operator"]).color
            mark, width = ("x", 1.8) if failed else ("_", 1.4)
            ax.plot([x], [y], color=color, marker=mark, markeredgewidth=width, transform=place, clip_on=False)
            if failed:
                right_of_it = math.log(x / first) < math.log(last / first) / 2
                shift, side = ((6, 0), "left") if right_of_it else ((-6, 0), "right")
                ax.annotate(
                    row["status"], (x, y), shift, place, "offset points", ha=side, va="center", color=color, size=8
                )


def mark_beyond(ax: Axes, panel: pd.DataFrame) -> None:
    """Draws a caret at the edge for each value that lies beyond the axis."""
    low, high = ax.get_ylim()
    for row in panel.to_dict("records"):
        above = row["value"] > high
        if above or row["value"] < low:
            marker, y = (CARETUPBASE, 0.955) if above else (CARETDOWNBASE, 0.035)
            color, place = look(row["operator"]).color, ax.get_xaxis_transform()
            ax.plot([row["x"]], [y], color=color, marker=marker, markersize=6.0, transform=place)


def baseline_rule(ax: Axes, *, vertical: bool = False) -> None:
    """Draws the line at ratio 1."""
    rule = ax.axvline if vertical else ax.axhline
    rule(1.0, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1.5)


def near(rows: pd.DataFrame, value: str, window: float, by: str = "x") -> pd.DataFrame:
    """Gives the rows whose value is within a factor `window` of the middle one at the same x: they set the axis."""
    middle = rows.groupby(by)[value].transform("median")
    return rows[(rows[value] <= middle * window) & (rows[value] >= middle / window)]


def mark_levels(panel: pd.DataFrame) -> int:
    """Gives how many marks stand on one another at the x where most cases are without a value."""
    counts = panel[panel["value"].isna()].groupby("x").size()
    return int(counts.max()) if len(counts) else 0


def panels(data: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Gives the title and the rows of each panel, in order."""
    return [(str(rows["title"].iloc[0]), rows) for _, rows in data.groupby("panel", sort=True)]


def pick(values: Sequence[float], most: int = 7) -> list[float]:
    """Gives the values themselves as ticks, thinned evenly where they are more than `most`."""
    ordered = sorted(set(values))
    step = math.ceil(len(ordered) / most)
    return list(itertools.islice(ordered, 0, None, step))
