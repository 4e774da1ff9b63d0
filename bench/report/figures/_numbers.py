"""Numbers beside marks: each at a corner of its mark where it covers no other mark and no number, or not at all.

Two numbers on one another are read as a third. Goes in: a panel whose limits are set, and its marks. Comes out: text.
"""

from __future__ import annotations

import itertools

import pandas as pd
from matplotlib.axes import Axes

from bench.report.style import look

__all__ = ["numbers"]

# in points
_SIZE = 7.0
_DIGIT = 0.64 * _SIZE
_MARK = 3.5  # from the middle of a mark to its edge
_GAP = 2.0

Box = tuple[float, float, float, float]
"""Left, lower, right and upper end."""


def numbers(ax: Axes, rows: pd.DataFrame, x: str, y: str, number: str) -> None:
    """Writes at each mark its number, in its operator's colour; the upper right corner is the first choice.

    Args:
        ax: a panel whose limits are set.
        rows: all marks of the panel, with `operator`.
        x: the column of a mark's place.
        y: the column of its value.
        number: the column of its number; absent where it has none.
    """
    points = 72 / ax.figure.dpi
    places = ax.transData.transform(rows[[x, y]].to_numpy(dtype=float)) * points
    taken = [_around(*place) for place in places]
    left, lower, right, upper = (float(end) * points for end in ax.get_window_extent().extents)
    for (across, up), row in zip(places, rows.to_dict("records"), strict=True):
        if pd.isna(row[number]):
            continue
        text = f"{row[number]:g}"
        for box in _corners(across, up, _DIGIT * len(text)):
            inside = left <= box[0] and box[2] <= right and lower <= box[1] and box[3] <= upper
            if inside and not any(_overlap(box, other) for other in taken):
                break
        else:
            continue
        taken.append(box)
        shift, color = (box[0] - across, box[1] - up), look(row["operator"]).color
        ax.annotate(text, (row[x], row[y]), shift, textcoords="offset points", size=_SIZE, color=color)


def _around(across: float, up: float) -> Box:
    return across - _MARK, up - _MARK, across + _MARK, up + _MARK


def _corners(across: float, up: float, width: float) -> list[Box]:
    """Gives where a number may stand: right before left, above before below before abreast."""
    lefts = (across + _MARK + _GAP, across - _MARK - _GAP - width)
    lowers = (up + _GAP, up - _GAP - _SIZE, up - _SIZE / 2)
    return [(left, lower, left + width, lower + _SIZE) for lower, left in itertools.product(lowers, lefts)]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
