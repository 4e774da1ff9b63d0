"""The ratio to the baseline over seq_len: where a line falls through 1, the operator begins to win."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from bench.report.figures._frame import lines
from bench.report.figures._lines import draw_lines

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Time against the baseline over sequence length"
about = (
    "Latency over the baseline's, formed inside each round; the band is its 95 % interval. "
    "Below the dashed line the operator is faster than the baseline; where it crosses, it begins to win."
)
absent = "no context has ratios at two lengths or more"


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives the ratio with its interval, one row a case and panel; the baseline itself is the line at 1."""
    rivals = table[(table["case_id"] != table["baseline"]) & (table["family"] == "attention")]
    ends = (rivals["latency_ratio_ci_low"], rivals["latency_ratio_ci_high"])
    return lines(rivals, "seq_len", rivals["latency_ratio"], *ends)


def draw(data: pd.DataFrame) -> Figure:
    """Draws the lines."""
    return draw_lines(data, x="sequence length, tokens", y="time / baseline", text="{:g}".format, rule=True)
