"""What the figures of tasks share: their panels, the axis of a metric, and words for what has no value.

Goes in: rows of `analysis.applications.task_rows`. Comes out: panels of cases that did one task in one way, and marks
on paper. A case without a value, failed or diverged or not tried, is named in the panel's corner with its status.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from bench.analysis.applications import task_contexts
from bench.analysis.series import series_label
from bench.attempt import FAILURES
from bench.report.figures._panels import log_axis, pick, scale_of
from bench.report.style import INK, PAPER, look

__all__ = [
    "absence_mark",
    "all_layers",
    "beyond",
    "corner",
    "corner_room",
    "gathered",
    "layer_axis",
    "level_line",
    "one_layer",
    "rank_axis",
    "reference_rules",
    "rule_name",
    "task_panels",
    "value_axis",
]

_MOST = 4
_LINE = 1 / 13  # of a panel's height
_SPAN = 0.02  # of accuracy: a flat panel must not be filled with its noise
_WORST = 1.2  # word error rates up to here have their place: saying nothing at all has 1
_LETTERS = 44
_ABREAST = 0.3  # of a panel's width: nearer words stand below one another
_FAILED = FAILURES | {"diverged", "interrupted"}
_ABOVE_RULES = 1.8  # and below what is drawn of the data
_UNDER: dict[str, Any] = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5}  # a near rule strikes no name through
_ALIKE = 0.01  # values that differ by no more than this share are one rule
_RULES = {
    "task_majority": ("majority class", 0.01, "left"),
    "task_linear": ("linear baseline", 0.5, "left"),
    "task_value_before": ("before training", 0.99, "right"),
}
"""Column -> how its rule is called, where along it, and on which side of that."""
_OTHER_RULES = {
    ("task_majority", "word_error_rate"): "nothing said",
    ("task_majority", "bits_per_character"): "unigram",
    ("task_linear", "bits_per_character"): "five letters before",
    ("task_linear", "perplexity"): "unigram",
}
"""Column and metric -> how its rule is called where no classes are asked for."""
_CASE = ("panel", "title", "series", "operator", "label", "provider", "rank", "metric", "status", "case_id")


def gathered(parts: Sequence[pd.DataFrame], *more: str) -> pd.DataFrame:
    """Gives a figure's data: the panels below one another, the columns of a case, and those that the figure adds."""
    names = [*_CASE, *more]
    told = [part.reindex(columns=names) for part in parts]
    return pd.concat(told) if told else pd.DataFrame(columns=names)


def task_panels(rows: pd.DataFrame, *, by_rank: bool = False) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields each panel's title and its rows, with the columns `series`, `metric`, and as `status` that of the task.

    Args:
        rows: of `analysis.applications.task_rows`.
        by_rank: whether each rank has a panel of its own; operators without one stand in each, to compare with.
    """
    if rows.empty:
        return
    pairs = zip(rows["status"], rows["task_status"], strict=True)
    status = [own if pd.isna(of_task) else of_task for own, of_task in pairs]
    told = rows.assign(status=status, series=[series_label(row) for _, row in rows.iterrows()])
    contexts = list(task_contexts(told))
    for title, (_, members) in zip(_short([name for name, _ in contexts]), contexts, strict=True):
        metrics = members["task_metric"].dropna()
        members = members.assign(metric=str(metrics.iloc[0]) if len(metrics) else "")
        ranks = sorted(members["rank"].dropna().unique())
        if not by_rank or len(ranks) < 2:
            yield title, members
            continue
        for rank in ranks:
            yield f"{title}, r={rank:g}", members[members["rank"].isna() | (members["rank"] == rank)]


def all_layers(rows: pd.DataFrame) -> pd.DataFrame:
    """Gives the cases in which no layer was replaced alone."""
    return rows[rows["layer"].isna()] if len(rows) else rows


def one_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """Gives the cases in which one layer's attention was replaced, and the baselines of these."""
    if rows.empty:
        return rows
    alone = rows["layer"].notna()
    return rows[alone | rows["case_id"].isin(rows.loc[alone, "baseline"])]


def _short(names: Sequence[str]) -> list[str]:
    """Gives the names of contexts up to their length of samples, and what of the rest tells equals apart."""
    split = []
    for name in names:
        parts = name.split(", ")
        told = 1 + next(place for place, part in enumerate(parts) if part.startswith("n="))
        split.append((parts[:told], parts[told:]))
    titles = []
    for head, rest in split:
        common = set(rest).intersection(*(others for alike, others in split if alike == head))
        titles.append(", ".join([*head, *(part for part in rest if part not in common)]))
    return titles


def corner_room(rows: pd.DataFrame, value: str) -> float:
    """Gives the share of a panel's height that `corner` takes."""
    return min(int(rows[value].isna().sum()), _MOST + 1) * _LINE


def corner(ax: Axes, rows: pd.DataFrame, value: str) -> None:
    """Names the cases without a value in the upper right: × for one that failed, – for one that was not tried.

    Args:
        ax: a panel whose axis leaves `corner_room`.
        rows: with `series operator status` and the value.
        value: its column.
    """
    absent = rows[rows[value].isna()].to_dict("records")
    for level, row in enumerate(absent[:_MOST]):
        text = f"{absence_mark(row['status'])} {row['series']}: {row['status']}"
        _corner_line(ax, level, text, look(row["operator"]).color)
    if len(absent) > _MOST:
        _corner_line(ax, _MOST, f"and {len(absent) - _MOST} more without a value", INK)


def absence_mark(status: str) -> str:
    """Gives × for what failed and – for what was not tried."""
    return "×" if status in _FAILED else "–"


def value_axis(ax: Axes, metric: str, values: Iterable[float], *, room: float = 0.0, which: str = "y") -> None:
    """Makes the axis of a metric: logarithmic for perplexities, linear for the rest.

    A word error rate has no upper end, and those above 1 are worse than saying nothing: the axis stops a little above
    1, and `beyond` tells what is there.

    Args:
        ax: the panel.
        metric: of the values.
        values: what must be within; what is not finite is left out.
        room: share of the axis that is kept free at its upper end.
        which: `x` or `y`.
    """
    x = np.asarray(list(values), dtype=float)
    x = x[np.isfinite(x)]
    if metric == "word_error_rate":
        x = np.minimum(x, _WORST)
    axis = ax.xaxis if which == "x" else ax.yaxis
    if metric == "perplexity":
        log_axis(ax, which, scale_of(x, above=room), "{:g}".format)
    else:
        low, high = (float(x.min()), float(x.max())) if len(x) else (0.0, 1.0)
        span = max(high - low, _SPAN)
        whole = span / (0.88 - room)
        bottom = (low + high - span) / 2 - 0.06 * whole
        (ax.set_xlim if which == "x" else ax.set_ylim)(bottom, bottom + whole)
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_label_text(metric.replace("_", " "))


def beyond(ax: Axes, rows: pd.DataFrame, x: str, value: str, *, number: str = "") -> None:
    """Writes at the upper edge, at its place and under what `corner` wrote, each value that lies above the axis.

    Args:
        ax: a panel whose limits are set.
        rows: with `operator`, the place and the value; whoever has no place stands at the right.
        x: the column of the place.
        value: the column of the value.
        number: the column of what stands beside a mark, where something does.
    """
    top, right = ax.get_ylim()[1], ax.get_xlim()[1]
    first = min(int(rows[value].isna().sum()), _MOST + 1)
    placed: list[tuple[float, int]] = []
    for row in rows[rows[value] > top].to_dict("records"):
        at = right if pd.isna(row[x]) else row[x]
        along = float(ax.transAxes.inverted().transform(ax.transData.transform((at, top)))[0])
        taken = {level for place, level in placed if abs(place - along) < _ABREAST}
        level = next(level for level in itertools.count(first) if level not in taken)
        placed.append((along, level))
        told = f" ({row[number]:g})" if number and not pd.isna(row[number]) else ""
        text, side = f"▲ {row[value]:.3g}{told}", "left" if along < 0.1 else "right" if along > 0.9 else "center"
        y, color = 0.985 - level * _LINE, look(row["operator"]).color
        ax.text(at, y, text, transform=ax.get_xaxis_transform(), ha=side, va="top", size=7.5, color=color)


def rank_axis(ax: Axes, ranks: Sequence[float]) -> None:
    """Makes the x axis of ranks: logarithmic, a tick at each."""
    ticks = pick(ranks)
    ax.set_xscale("log")
    ax.set_xlim(*scale_of(ranks, room=0.05))
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(visible=False, axis="x")
    ax.set_xlabel("rank", labelpad=2)


def layer_axis(ax: Axes) -> None:
    """Makes the x axis of a model's layers."""
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    ax.grid(visible=False, axis="x")
    ax.set_xlabel("layer, from 0", labelpad=2)


def level_line(ax: Axes, row: pd.Series[Any], ends: tuple[float, float]) -> None:
    """Draws what a case reaches as a level line with its interval as a band; nothing where it has no value.

    Args:
        ax: the panel.
        row: with `operator task_value task_value_ci_low task_value_ci_high`.
        ends: of the line, on the x axis.
    """
    one = look(row["operator"])
    if not pd.isna(row["task_value"]):
        ax.plot(ends, [row["task_value"]] * 2, color=one.color, marker=one.marker)
        band = (row["task_value_ci_low"], row["task_value_ci_high"])
        ax.fill_between(ends, *band, color=one.color, alpha=0.12, linewidth=0)


def rule_name(column: str, metric: str) -> str:
    """Gives how the value of a column is called that something simpler reaches."""
    return _OTHER_RULES.get((column, metric), _RULES[column][0])


def reference_rules(ax: Axes, rows: pd.DataFrame) -> None:
    """Draws what the trivial baselines reach, and the model before training; beyond the axis a number at its edge.

    Models in which different attentions were swapped before they are trained have no one value before training.
    """
    low, high = ax.get_ylim()
    metric = str(rows["metric"].iloc[0])
    for column, (_, along, side) in _RULES.items():
        known = rows[column].dropna() if column in rows else rows["metric"].iloc[:0]
        if known.empty or known.max() - known.min() > _ALIKE * abs(known.iloc[0]):
            continue
        value = float(known.iloc[0])
        text = name = rule_name(column, metric)
        if low <= value <= high:
            ax.axhline(value, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1.5)
        else:
            text = f"{'↑' if value > high else '↓'} {name} {value:.3g}"
        at, va = min(max(value, low), high), "top" if value > high - _LINE * (high - low) else "bottom"
        place: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "ha": side, "va": va}
        ax.text(along, at, text, **place, size=7.5, color=INK, zorder=_ABOVE_RULES, bbox=_UNDER)


def _corner_line(ax: Axes, level: int, text: str, color: str) -> None:
    short = textwrap.shorten(text, _LETTERS, placeholder="…")
    ax.text(0.99, 0.985 - level * _LINE, short, transform=ax.transAxes, ha="right", va="top", size=7.5, color=color)
