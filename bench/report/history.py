"""The pictures of series over runs: a panel a series, its runs, its levels, and marks where the case failed.

Goes in: histories. Comes out: a folder with `history.png`, `.svg`, the CSV of exactly what is drawn, `steps.csv` and
`summary.md`. `data` and `draw` keep the contract of `bench.report.figures`.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.history import History, Step, commit_text
from bench.errors import StoreError
from bench.report import style
from bench.report.cells import cell_text, write_csv
from bench.report.figures._panels import log_axis, panels, paper, pick, scale_of
from bench.report.history_text import change_text, markdown
from bench.report.style import INK, look

__all__ = ["MOST_PANELS", "build", "data", "draw"]

MOST_PANELS = 12
"""Series that are drawn, those with the largest steps first."""

_WIDTH = 5.0  # inches of a panel


def build(found: Sequence[History], directory: Path, *, title: str) -> Path:
    """Writes the pictures of series into a folder; gives the path of its `summary.md`.

    Args:
        found: the series, in the order in which they are drawn; at least one has a value.
        directory: the folder; made where it is not there.
        title: what the series are of.

    Raises:
        StoreError: the folder cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        right = "name another folder with --output"
        raise StoreError(str(directory), f"cannot be made ({error.strerror})", right) from error
    drawn = data(found)
    with matplotlib.rc_context(style.rc("history")):
        figure = draw(drawn)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        figure.savefig(directory / "history.png")
    (directory / "history.svg").write_text(buffer.getvalue(), encoding="utf-8")
    write_csv(drawn, directory / "history.csv")
    write_csv(_steps(found), directory / "steps.csv")
    summary = directory / "summary.md"
    picture = "![series over runs](history.png)\n"
    summary.write_text(f"# {title}\n\n{markdown(found)}\n{picture}", encoding="utf-8")
    return summary


def data(found: Sequence[History]) -> pd.DataFrame:
    """Gives one row a run of each series that has a value and is among the first `MOST_PANELS`."""
    parts = []
    for panel, history in enumerate([each for each in found if each.valued][:MOST_PANELS]):
        steps = {step.row: change_text(step) for step in history.steps}
        parts.append(
            history.runs.assign(
                panel=panel,
                title=history.case_id,
                metric=history.metric,
                operator=history.operator,
                machine=history.machine,
                torch=history.torch,
                x=range(1, len(history.runs) + 1),
                step=[steps.get(row, "") for row in range(len(history.runs))],
            )
        )
    columns = ["panel", "title", "metric", "operator", "machine", "torch", "x", "run", "started_utc", "commit"]
    columns += ["value", "low", "high", "level", "step", "status", "reason"]
    return pd.concat(parts, ignore_index=True)[columns]


def draw(data: pd.DataFrame) -> Figure:
    """Draws a panel for each series, each on its own scale."""
    every = panels(data)
    figure, axes = paper([title for title, _ in every], [], width=_WIDTH)
    for ax, (_, rows) in zip(axes, every, strict=True):
        _panel(ax, rows)
    return figure


def _panel(ax: Axes, rows: pd.DataFrame) -> None:
    first = rows.iloc[0]
    color = look(first["operator"]).color
    ends = [*rows["value"], *rows["low"], *rows["high"]]
    log_axis(ax, "y", scale_of(ends, above=0.16), lambda value: cell_text(first["metric"], value), most=5)
    ax.set_xlim(0.4, len(rows) + 0.6)
    known = rows[rows["value"].notna()]
    ax.vlines(known["x"], known["low"], known["high"], color=color, linewidth=1.0, alpha=0.55)
    ax.plot(known["x"], known["value"], color=color, marker="o", markersize=3.5, linestyle="none")
    if rows["level"].notna().all():
        ax.step(rows["x"], rows["level"], where="mid", color=INK, linewidth=1.3)
    place = ax.get_xaxis_transform()
    for row in rows[rows["step"] != ""].to_dict("records"):
        at = row["x"] - 0.5
        ax.axvline(at, color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
        ax.text(at, 0.9, f" {row['step']}", transform=place, fontsize=8, va="top")
    _mark_failed(ax, rows, color)
    ticks = [int(x) for x in pick(rows["x"].tolist(), most=5)]
    labels = [commit_text(rows["commit"].iloc[x - 1]).replace("-dirty", "*") for x in ticks]
    ax.set_xticks(ticks, labels=labels, fontsize=8)
    ax.set_ylabel(str(first["metric"]), va="top")
    ax.set_xlabel(f"commit; torch {first['torch']}, {first['machine']}", labelpad=2, fontsize=8)


def _mark_failed(ax: Axes, rows: pd.DataFrame, color: str) -> None:
    """Draws × along the top for each run without a value; the status stands at the first of those that follow."""
    place, before = ax.get_xaxis_transform(), ""
    for row in rows.to_dict("records"):
        status = "" if pd.notna(row["value"]) else str(row["status"])
        if status:
            ax.plot(
                [row["x"]], [0.96], color=color, marker="x", markeredgewidth=1.8, linestyle="none", transform=place
            )
        if status and status != before:
            ax.text(row["x"] - 0.4, 0.96, status, transform=place, color=color, fontsize=8, ha="right", va="center")
        before = status


def _steps(found: Sequence[History]) -> pd.DataFrame:
    names = ["case_id", "case_hash", "machine", "torch", "metric", *(f.name for f in dataclasses.fields(Step))]
    rows = [
        {name: getattr(history, name) for name in names[:5]}
        | {**dataclasses.asdict(step), "also": "; ".join(step.also)}
        for history in found
        for step in history.steps
    ]
    return pd.DataFrame(rows, columns=names)
