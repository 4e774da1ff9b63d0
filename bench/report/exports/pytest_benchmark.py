"""pytest-benchmark's JSON, one benchmark a case, one of its rounds for each of ours; ``pytest-benchmark compare``.

Each datum is a round's seconds a call, corrected by the round's pace: what the table's median is of. Statistics are
those of pytest-benchmark, in seconds; our intervals stand in `extra_info`.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.report.exports._exported import Exported, exported
from bench.report.exports._text import json_text

__all__ = ["about", "holds_failures", "render"]

about = "JSON of `pytest --benchmark-json`; read by pytest-benchmark compare, github-action-benchmark, Bencher"
holds_failures = False

_FORMAT = "5.3.1"  # the version of pytest-benchmark whose fields these are


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives the JSON; cases without a latency have no place in it."""
    machine, versions = run_info["machine"], run_info["versions"]
    commit = str(run_info.get("commit") or "unversioned")
    return json_text(
        {
            "machine_info": {
                "node": machine["name"],
                "processor": machine["cpu_model"],
                "system": "Linux",
                "release": machine["kernel"],
                "python_implementation": "CPython",
                "python_version": versions["python"],
                "cpu": {"brand_raw": machine["cpu_model"], "count": machine["cores"]},
                "gpus": [gpu["name"] for gpu in machine["gpus"]],
                "torch_version": versions["torch"],
            },
            "commit_info": {
                "id": commit.removesuffix("-dirty"),
                "dirty": commit.endswith("-dirty"),
                "time": None,
                "author_time": None,
                "project": run_info["suite"],
                "branch": "(unknown)",
            },
            "benchmarks": [
                _benchmark(case, run_info["suite"]) for case in exported(table, rounds, run_info) if case.measured
            ],
            "datetime": run_info["started_utc"],
            "version": _FORMAT,
        }
    )


def _benchmark(case: Exported, suite: str) -> dict[str, Any]:
    return {
        "group": case.group,
        "name": case.case_id,
        "fullname": f"{suite}::{case.case_id}",
        "params": case.parameters,
        "param": None,
        "extra_info": {"case_hash": case.case_hash, "status": case.status, **case.facts},
        "options": {},
        "stats": {**_statistics(case.latency.samples), "iterations": 1},
    }


def _statistics(data: Sequence[float]) -> dict[str, Any]:
    x = sorted(data)
    mean, spread = statistics.mean(x), statistics.stdev(x) if len(x) > 1 else 0  # its own word for no spread
    q1, q3 = _quartiles(x)
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    beyond = sum(not mean - spread <= value <= mean + spread for value in x)
    outside = sum(not low <= value <= high for value in x)
    return {
        "min": x[0],
        "max": x[-1],
        "mean": mean,
        "stddev": spread,
        "rounds": len(x),
        "median": statistics.median(x),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": outside,
        "stddev_outliers": beyond,
        "outliers": f"{beyond};{outside}",
        "ld15iqr": min(value for value in x if value >= low),
        "hd15iqr": max(value for value in x if value <= high),
        "ops": len(x) / sum(x),
        "total": sum(x),
        "data": list(data),
    }


def _quartiles(x: Sequence[float]) -> tuple[float, float]:
    """Gives the quartiles of sorted values as pytest-benchmark defines them.

    Source: methods 2 (even counts) and 3 (odd counts) of https://en.wikipedia.org/wiki/Quartile#Computing_methods
    """
    n, rest = divmod(len(x), 4)
    if len(x) == 1:
        return x[0], x[0]
    if rest == 1:
        return 0.25 * x[n - 1] + 0.75 * x[n], 0.75 * x[3 * n] + 0.25 * x[3 * n + 1]
    if rest == 3:
        return 0.75 * x[n] + 0.25 * x[n + 1], 0.25 * x[3 * n + 1] + 0.75 * x[3 * n + 2]
    half = len(x) // 2
    return statistics.median(x[:half]), statistics.median(x[half:])
