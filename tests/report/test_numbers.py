"""Numbers beside marks, as they are drawn: none on another, none on a mark, none beyond the panel."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from bench.report.figures._numbers import numbers

POINTS = 100  # of the panel's side: an axis of 0 to 100 has one a unit


@pytest.fixture
def ax() -> Axes:
    figure = Figure(figsize=(200 / 72, 200 / 72), dpi=144)
    FigureCanvasAgg(figure)
    axes: Axes = figure.add_axes((0.25, 0.25, 0.5, 0.5))
    axes.set_xlim(0, POINTS)
    axes.set_ylim(0, POINTS)
    return axes


def marks(*places: tuple[float, float], number: float = 16.0) -> pd.DataFrame:
    return pd.DataFrame(
        {"operator": "nystrom", "x": [x for x, _ in places], "y": [y for _, y in places], "n": number}
    )


def boxes(ax: Axes, rows: pd.DataFrame) -> list[Bbox]:
    """Gives the pixels that each number takes, without the room that a font keeps below digits."""
    numbers(ax, rows, "x", "y", "n")
    found = [text.get_tightbbox() for text in ax.texts]
    return [Bbox([[box.x0 + 2, box.y0 + 4], [box.x1 - 2, box.y1 - 2]]) for box in found if box is not None]


def test_a_lone_number_stands_right_above_its_mark(ax):
    (box,) = boxes(ax, marks((50, 50)))
    corner = ax.transData.transform((50, 50))

    assert box.x0 > corner[0]
    assert box.y0 > corner[1]


@pytest.mark.parametrize("many", [2, 3, 12])
def test_crowded_numbers_cover_neither_one_another_nor_a_mark(ax, many):
    places = np.random.default_rng(many).uniform(40, 60, size=(many, 2))
    rows = marks(*map(tuple, places))
    found = boxes(ax, rows)

    assert found
    assert not any(one.overlaps(other) for one, other in itertools.combinations(found, 2))
    assert not any(box.contains(*ax.transData.transform(place)) for box in found for place in places)


def test_what_has_no_room_is_left_out(ax):
    """Six corners, of which the last two have room only where those above and below are left free."""
    found = boxes(ax, marks(*[(50.0, 50.0)] * 9))

    assert len(found) == 4


def test_a_number_stays_within_the_panel(ax):
    (box,) = boxes(ax, marks((POINTS - 1, POINTS - 1), number=4096.0))
    right, top = ax.transAxes.transform((1, 1))

    assert box.x1 < right
    assert box.y1 < top


def test_a_mark_without_a_number_is_kept_clear(ax):
    rows = marks((50, 50), (58, 54)).assign(n=[16.0, np.nan])
    (box,) = boxes(ax, rows)

    assert not box.contains(*ax.transData.transform((58, 54)))
