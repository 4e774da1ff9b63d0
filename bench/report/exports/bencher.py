"""Bencher Metric Format: latency in nanoseconds, its built-in measure, ratio to the baseline and peak memory.

``bencher run --adapter json --file FILE``; a measure that a project lacks is made by Bencher. Lower and upper values
are the ends of our intervals, the machine's drift included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.report.exports._exported import Measure, exported
from bench.report.exports._text import json_text

__all__ = ["about", "holds_failures", "render"]

about = "Bencher Metric Format (bencher run --adapter json)"
holds_failures = False

_SCALES = {"latency": 1e9}  # the unit of Bencher's own latency is the nanosecond


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives the JSON, case_id -> measure -> values; cases without a latency have no place in it."""
    return json_text(
        {
            case.case_id: {name.replace("_", "-"): _metric(measure) for name, measure in case.measures.items()}
            for case in exported(table, rounds, run_info)
            if case.measured
        }
    )


def _metric(measure: Measure) -> dict[str, float]:
    values = {"value": measure.value, "lower_value": measure.low, "upper_value": measure.high}
    return {name: value * _SCALES.get(measure.name, 1) for name, value in values.items() if value is not None}
