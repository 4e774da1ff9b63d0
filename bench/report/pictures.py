"""Draws every figure of the catalogue and writes it three times: PNG, SVG, and the CSV of exactly what is drawn.

Goes in: the table, its rounds, the report's folder. Comes out: for each figure its pieces for the page, or why there
is nothing to see.
"""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import matplotlib
import pandas as pd

from bench.report import figures, style
from bench.report.cells import write_csv
from bench.report.inline import Pieces, cut

__all__ = ["FOLDER", "Legend", "Picture", "draw_all"]

FOLDER = "figures"
"""The folder, beside the page, that holds the pictures."""


@dataclasses.dataclass(frozen=True, slots=True)
class Legend:
    """One entry of a picture's legend."""

    label: str
    slot: str
    """A key of `style.PALETTE`."""
    marker: str
    """The outline of its marker, for an SVG's ``d``."""
    dashed: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """One figure, drawn, or the reason why not."""

    name: str
    title: str
    about: str
    pieces: Pieces | None = None
    """What the page shows; absent where nothing was drawn."""
    legend: tuple[Legend, ...] = ()
    absent: str = ""
    """Why nothing was drawn; empty where something was."""


def draw_all(table: pd.DataFrame, rounds: pd.DataFrame, directory: Path) -> list[Picture]:
    """Draws every figure into ``directory/figures``.

    Args:
        table: one row a case.
        rounds: columns `run case_hash round latency_s log_ratio`.
        directory: the report's folder.
    """
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return [_draw(name, table, rounds, folder) for name in figures.names()]


def _draw(name: str, table: pd.DataFrame, rounds: pd.DataFrame, folder: Path) -> Picture:
    member = figures.load(name)
    data = member.data(table, rounds)
    if data.empty:
        return Picture(name, member.title, member.about, absent=member.absent)
    with matplotlib.rc_context(style.rc(name)):
        figure = member.draw(data)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        figure.savefig(folder / f"{name}.png")
    (folder / f"{name}.svg").write_text(buffer.getvalue(), encoding="utf-8")
    write_csv(data, folder / f"{name}.csv")
    return Picture(name, member.title, member.about, cut(buffer.getvalue(), figure), _legend(data))


def _legend(data: pd.DataFrame) -> tuple[Legend, ...]:
    if not {"operator", "label"} <= set(data.columns):
        return ()
    entries = []
    for row in data.drop_duplicates("operator").to_dict("records"):
        look, dashed = style.look(row["operator"]), row["operator"] == style.BOUND
        entries.append(Legend(row["label"], look.slot, style.marker_path(look.marker), dashed))
    return tuple(entries)
