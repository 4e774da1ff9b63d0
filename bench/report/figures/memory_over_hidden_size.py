"""Peak bytes of a call over hidden_size."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from bench.analysis.scaling import peak_bytes
from bench.report.figures._frame import lines
from bench.report.figures._lines import draw_lines
from bench.units import bytes_text

__all__ = ["about", "absent", "data", "draw", "title"]

title = "Peak memory over hidden size"
about = (
    "Most bytes of live tensors in a call, above inputs and weights; on CUDA the allocator's. "
    "Counted, not sampled: it has no interval."
)
absent = "no context was measured at two hidden sizes or more with their memory known"


def data(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives peak bytes, one row a case and panel."""
    peak = peak_bytes(table)
    return lines(table, "hidden_size", peak, peak * float("nan"), peak * float("nan"))


def draw(data: pd.DataFrame) -> Figure:
    """Draws the lines."""
    return draw_lines(data, x="hidden size", y="peak memory", text=bytes_text, base=2)
