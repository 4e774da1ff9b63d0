"""pyperf's JSON, one benchmark a case and one of its runs for each of our rounds; ``pyperf compare_to``.

A run is a process in pyperf as a round is one here, so that its tests are over processes. A value is the round's
seconds a call, corrected by the round's pace.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.report.exports._exported import Exported, exported
from bench.report.exports._text import json_text, one_line

__all__ = ["about", "holds_failures", "render"]

about = "JSON of pyperf; read by pyperf show, stats, compare_to"
holds_failures = False


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives the JSON; cases without a latency have no place in it."""
    machine, versions = run_info["machine"], run_info["versions"]
    started = datetime.datetime.fromisoformat(run_info["started_utc"])
    common = {
        "cpu_count": machine["cores"],
        "cpu_model_name": machine["cpu_model"],
        "date": f"{started:%Y-%m-%d %H:%M:%S}",
        "platform": f"Linux {machine['kernel']}",
        "python_version": versions["python"],
        "torch_version": versions["torch"],
        "commit": run_info.get("commit"),
        "suite": run_info["suite"],
        "unit": "second",
    }
    return json_text(
        {
            "version": "1.0",
            "metadata": {name: _plain(value) for name, value in common.items() if value is not None},
            "benchmarks": [_benchmark(case) for case in exported(table, rounds, run_info) if case.measured],
        }
    )


def _benchmark(case: Exported) -> dict[str, Any]:
    metadata = {
        "name": case.case_id,
        "loops": 1,  # a value is a call's time already
        "case_hash": case.case_hash,
        "group": case.group,
        **{f"bench_{name}": value for name, value in case.parameters.items()},  # `phase` is a word of pyperf's own
    }
    return {"metadata": metadata, "runs": [{"values": [value]} for value in case.latency.samples]}


def _plain(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value
