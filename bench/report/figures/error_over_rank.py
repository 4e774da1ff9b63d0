"""Model error over rank, beside the least that a matrix of that rank can have."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from bench.report.figures._error import error_lines
from bench.report.figures._lines import draw_lines

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Error over rank"
about = (
    "Relative Frobenius error of the attention matrix, in float64: the approximation's own, without rounding. "
    "Exact operators (error below 1e-6) are not drawn. The bound is Eckart and Young's for a matrix of that rank. "
    "An error that is not below that of uniform, which only averages, is no approximation."
)
absent = "no context was measured at two ranks or more with their error known"


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives the error with the spread over draws of a random operator, one row a case and panel, and the bound."""
    return error_lines(table, "rank")


def draw(data: pd.DataFrame) -> Figure:
    """Draws the lines."""
    return draw_lines(data, x="rank", y="relative error", text="{:g}".format)
