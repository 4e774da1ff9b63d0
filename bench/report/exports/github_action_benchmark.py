"""github-action-benchmark's array for ``tool: customSmallerIsBetter``: latency, ratio to the baseline, peak memory.

It compares a value with that of the run before by their ratio alone, so that a 0 must not be written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bench.report.exports._exported import Exported, exported
from bench.report.exports._text import json_text

__all__ = ["about", "holds_failures", "render"]

about = "array of github-action-benchmark (tool: customSmallerIsBetter)"
holds_failures = False

_UNITS = {"latency": (1e3, "ms"), "latency_ratio": (1, "× baseline"), "peak_bytes": (1, "B")}


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives the array; cases without a latency have no place in it."""
    cases = exported(table, rounds, run_info)
    return json_text([entry for case in cases for entry in _entries(case)])


def _entries(case: Exported) -> Iterator[dict[str, Any]]:
    for measure in case.measures.values():
        scale, unit = _UNITS[measure.name]
        entry = {"name": f"{case.case_id} ({measure.name})", "unit": unit, "value": measure.value * scale}
        if measure.low is not None and measure.high is not None:
            entry["range"] = f"{measure.low * scale:.4g} … {measure.high * scale:.4g}"
        if measure.value > 0:
            yield entry | {"extra": _extra(case)}


def _extra(case: Exported) -> str:
    words = {"status": case.status, "rounds": case.facts.get("rounds"), "case_hash": case.case_hash}
    words["baseline"] = case.facts.get("baseline")
    return "\n".join(f"{name}: {value}" for name, value in words.items() if value is not None)
