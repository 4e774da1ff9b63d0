"""Strips: a name at each place, a dot with its interval on a common scale, its number at the right.

Goes in: rows with `panel title place series`. Comes out: a figure with one strip a panel, high enough for its rows.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import CARETLEFTBASE, CARETRIGHTBASE

from bench.report.figures._panels import baseline_rule, log_axis, panels, paper
from bench.report.style import INK

__all__ = ["beside_strip", "ratio_axis", "strip", "strip_dot", "strips"]

# inches: what is no row, and a letter of a name
_FRAME = 1.0
_LETTER = 0.068


def strips(
    data: pd.DataFrame, *, row: float, axis: float, numbers: float
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Gives a figure with one strip a panel, and each strip's axes and rows.

    Args:
        data: rows with `panel title place series`; `series` is the name of the row at `place`.
        row: inches a row.
        axis: inches of the axis.
        numbers: inches right of it, for numbers.
    """
    each = panels(data)
    heights = [_FRAME + row * rows["place"].nunique() for _, rows in each]
    names = 0.3 + _LETTER * int(data["series"].str.len().max())
    titles, sides = [title for title, _ in each], (names, numbers)
    figure, axes = paper(titles, [], heights=heights, width=names + axis + numbers, sides=sides)
    return figure, [(ax, rows) for ax, (_, rows) in zip(axes, each, strict=True)]


def strip(ax: Axes, rows: pd.DataFrame) -> None:
    """Names the places of a strip, the first on top.

    Args:
        ax: the strip.
        rows: with `place series`.
    """
    first = rows.drop_duplicates("place")
    ax.set_ylim(len(first) - 0.4, -0.6)
    ax.set_yticks(first["place"].tolist(), labels=first["series"].tolist(), fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)


def ratio_axis(ax: Axes, limits: tuple[float, float], label: str, *, most: int) -> None:
    """Makes the x axis of ratios: logarithmic, with the line at ratio 1.

    Args:
        ax: the strip.
        limits: of the ratios.
        label: of the axis.
        most: labels of ratios at the most.
    """
    log_axis(ax, "x", limits, "{:g}".format, most=most)
    baseline_rule(ax, vertical=True)
    ax.set_xlabel(label, labelpad=2, color=INK)


def strip_dot(ax: Axes, place: float, value: float, ends: tuple[float, float], color: str, marker: str) -> None:
    """Draws a value and its interval at a place of a strip; where it lies beyond the axis, a caret at the edge."""
    first, last = ax.get_xlim()
    if first <= value <= last:
        ax.plot(ends, [place] * 2, color=color, linewidth=2.2)
        ax.plot([value], [place], color=color, marker=marker, markersize=5.5)
        return
    x, caret = (0.97, CARETRIGHTBASE) if value > last else (0.03, CARETLEFTBASE)
    ax.plot([x], [place], color=color, marker=caret, transform=ax.get_yaxis_transform())


def beside_strip(ax: Axes, place: float, text: str) -> None:
    """Writes a number right of a strip, at a place."""
    ax.text(1.04, place, text, transform=ax.get_yaxis_transform(), fontsize=8, va="center_baseline")
