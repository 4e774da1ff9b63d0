"""Seconds a call over hidden_size, with intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from bench.report.figures._frame import lines
from bench.report.figures._lines import draw_lines
from bench.units import seconds_text

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Latency over hidden size"
about = "Seconds a call, pace-corrected; the band is its interval, the machine's drift included. Lower is better."
absent = "no context was measured at two hidden sizes or more"


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives latency in seconds with its interval, one row a case and panel."""
    return lines(
        table, "hidden_size", table["latency_median_s"], table["latency_ci_low_s"], table["latency_ci_high_s"]
    )


def draw(data: pd.DataFrame) -> Figure:
    """Draws the lines."""
    return draw_lines(data, x="hidden size", y="time a call", text=seconds_text)
