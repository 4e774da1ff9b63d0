"""Google Benchmark's JSON: a repetition for each of our rounds, and their aggregates; ``compare.py``, benchstats.

Times are nanoseconds a call, corrected by the round's pace. The parameters stand in the name as Google Benchmark
writes them, ``name:value`` between slashes.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bench.report.exports._exported import Exported, exported
from bench.report.exports._text import json_text

__all__ = ["about", "holds_failures", "render"]

about = "JSON of Google Benchmark; read by its compare.py, benchstats, Bencher"
holds_failures = True

_NANO = 1e9


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives the JSON; a failed case has `error_occurred`, one that is unsupported or skipped has `skipped`."""
    machine = run_info["machine"]
    context = {
        "date": run_info["started_utc"],
        "host_name": machine["name"],
        "executable": f"bench run {run_info['suite']}",
        "num_cpus": machine["cores"],
        "caches": [],
        "library_build_type": "release",
        "json_schema_version": 1,
        "commit": run_info.get("commit"),
        "torch": run_info["versions"]["torch"],
        "cpu_time": "repeats real_time: processor time is not measured",
    }
    found: list[dict[str, Any]] = []
    for index, case in enumerate(exported(table, rounds, run_info)):
        found += _results(case, index) if case.measured else [_absent(case, index)]
    return json_text({"context": context, "benchmarks": found})


def _common(case: Exported, index: int, repetitions: int) -> dict[str, Any]:
    name = "/".join(word.replace("=", ":") for word in case.case_id.split())
    return {
        "name": name,
        "family_index": index,
        "per_family_instance_index": 0,
        "run_name": name,
        "run_type": "iteration",
        "repetitions": repetitions,
        "threads": case.parameters.get("threads", 1),
        "label": case.case_hash,
    }


def _results(case: Exported, index: int) -> Iterator[dict[str, Any]]:
    samples = case.latency.samples
    common = _common(case, index, len(samples))
    for number, seconds in enumerate(samples):
        yield common | {"repetition_index": number, "iterations": 1} | _times(seconds)
    if len(samples) < 2:
        return
    for statistic in (statistics.mean, statistics.median, statistics.stdev):
        word = statistic.__name__.replace("stdev", "stddev")
        aggregate = {
            "name": f"{common['name']}_{word}",
            "run_type": "aggregate",
            "aggregate_name": word,
            "aggregate_unit": "time",
            "iterations": len(samples),
        }
        yield common | aggregate | _times(statistic(samples))


def _times(seconds: float) -> dict[str, Any]:
    time_ns = seconds * _NANO
    return {"real_time": time_ns, "cpu_time": time_ns, "time_unit": "ns"}


def _absent(case: Exported, index: int) -> dict[str, Any]:
    """A result without times, as an aggregate of its own name: no reader takes a 0 for a time, or looks for one."""
    word = "error" if case.failed else "skipped"
    why = f"{case.status}: {case.reason}"
    common = _common(case, index, 0)
    told = {"error_occurred": True, "error_message": why} if case.failed else {"skipped": True, "skip_message": why}
    return common | {"name": f"{common['name']}_{word}", "run_type": "aggregate", "aggregate_name": word} | told
