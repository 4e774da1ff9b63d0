"""The torch trace of some calls, for Perfetto, and the table of their operators by self time.

Runs behind the process border. The profiler makes calls slower, small operators most: what it gives are shares, and
no latency. On CUDA the time of an operator is that of the kernels that it launched.
"""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from bench.measure.workload import Workload

__all__ = ["CALL", "TRACE", "record"]

TRACE = "trace.json.gz"
"""The trace's file, in the profile's folder."""
CALL = "one call"
"""The name under which the trace shows each call."""

_SECONDS = 0.5
_CALLS = (3, 20)
"""The trace holds about so many seconds, and at least and at most so many calls."""


def record(workload: Workload, folder: Path) -> dict[str, Any]:
    """Traces some calls after warm-up calls, and writes the trace.

    Returns:
        `calls` (how many were traced), `seconds_per_call` (with the profiler's overhead), `cpu_seconds_per_call` (all
        threads' time on the processors meanwhile) and `operators`: for each `name`, `calls`, `self_s` and `total_s`
        (seconds; all three for one call) and `share` of the call's time. What the shares lack to 1 is spent outside
        operators: in Python, and on CUDA where no kernel runs.
    """
    cuda = workload.case.device == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]

    def call() -> None:
        with record_function(CALL):
            workload.call()
            if cuda:
                torch.cuda.synchronize()

    call()
    start = time.perf_counter()
    call()
    calls = min(max(round(_SECONDS / (time.perf_counter() - start)), _CALLS[0]), _CALLS[1])
    with profile(activities=activities):  # the first profile of a process sets the profiler up inside the first call
        call()
    with profile(activities=activities, record_shapes=True) as profiler:
        start = time.process_time()
        for _ in range(calls):
            call()
        cpu = (time.process_time() - start) / calls
    _write(profiler, folder / TRACE)
    averages = profiler.key_averages()
    wall = next(each for each in averages if each.key == CALL).cpu_time_total * 1e-6 / calls
    rows = [_row(each, calls, wall, cuda) for each in averages if each.device_type.name == "CPU"]
    rows = [row for row in rows if row["name"] != CALL and row["self_s"] > 0]
    rows.sort(key=lambda row: -row["self_s"])
    return {"calls": calls, "seconds_per_call": wall, "cpu_seconds_per_call": cpu, "operators": rows}


def _row(average: Any, calls: int, wall: float, cuda: bool) -> dict[str, Any]:
    self_us = average.self_device_time_total if cuda else average.self_cpu_time_total
    total_us = average.device_time_total if cuda else average.cpu_time_total
    return {
        "name": average.key,
        "calls": average.count / calls,
        "self_s": self_us * 1e-6 / calls,
        "total_s": total_us * 1e-6 / calls,
        "share": self_us * 1e-6 / calls / wall,
    }


def _write(profiler: profile, path: Path) -> None:
    """Writes the trace without the name of the host, which torch puts in."""
    profiler.export_chrome_trace(str(path))
    with gzip.open(path, "rt", encoding="utf-8") as file:
        content = json.load(file)
    content.pop("host_name", None)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        json.dump(content, file)
