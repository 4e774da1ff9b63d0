"""One pass of a profile: ``python -m bench.profile.child JOB``. A case comes in, facts go out, the process ends.

JOB is a file with a JSON object: `part` (`trace`, `memory` or `loop`), `case`, `threads`, `memory_bytes` (or absent),
`plugins`, `seconds` (of `loop`), `folder` (takes files) and `answer` (a path). Words behind it are for the title of a
flame graph. The answer is ``{"facts": …}``, or ``{"status": …, "reason": …}`` of what went wrong.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.worker import classify
from bench.profile import memory, trace

__all__ = ["main", "repeat"]


def main(argv: Sequence[str]) -> int:
    """Does the job and writes its answer; gives the exit code: 0, or 3 where the case failed."""
    job = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    try:
        answer: dict[str, Any] = {"facts": _facts(job)}
    except Exception as error:  # the border: every fault becomes a status with its text, and the log has the rest
        traceback.print_exc()
        answer = dict(zip(("status", "reason"), classify(error), strict=True))
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")
    return 0 if "facts" in answer else 3


def repeat(call: Callable[[], object], seconds: float) -> int:
    """Calls until the time is over, at least once; gives how often. Flame graphs show this name below every call."""
    end = time.perf_counter() + seconds
    calls = 0
    while calls == 0 or time.perf_counter() < end:
        call()
        calls += 1
    return calls


def _facts(job: dict[str, Any]) -> dict[str, Any]:
    if job["memory_bytes"]:  # so that a case ends as `oom` and not the machine
        resource.setrlimit(resource.RLIMIT_DATA, (job["memory_bytes"], job["memory_bytes"]))
    torch.set_num_threads(job["threads"])
    torch.backends.cudnn.allow_tf32 = False  # as where it is timed
    for module in job["plugins"]:
        operators.catalogue.add_module(module)
    built = workload.build(Case.from_json(job["case"]))
    if job["part"] == "trace":
        return trace.record(built, Path(job["folder"]))
    if job["part"] == "memory":
        return memory.record(built)
    return _loop(built, job["seconds"])


def _loop(built: workload.Workload, seconds: float) -> dict[str, Any]:
    cuda = built.case.device == "cuda"

    def call() -> None:
        built.call()
        if cuda:
            torch.cuda.synchronize()

    call()
    start = time.perf_counter()
    calls = repeat(call, seconds)
    facts: dict[str, Any] = {"calls": calls, "seconds_per_call": (time.perf_counter() - start) / calls}
    if cuda:
        facts["gpu_uuid"] = f"GPU-{torch.cuda.get_device_properties(0).uuid}"
    return facts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
