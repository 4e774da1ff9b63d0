"""One worker: a case comes in, an attempt's parts go out, and the process ends. It knows nothing else.

The conversation on the channel, one JSON object a line. The worker speaks first: ``{"built": …}`` when the workload
stands and has been called once. Then it obeys: ``{"do": "warm"}``, ``{"do": "block", "turn": t}``,
``{"do": "finish"}``. A pass needs no orders and answers ``{"facts": …}``. Any fault is answered once by
``{"status": …, "reason": …}`` and ends the process.
"""

from __future__ import annotations

import json
import random
import resource
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import torch

from bench.case import Case
from bench.measure import pacemaker, passes, workload
from bench.measure.clock import Timer, timer
from bench.measure.steady import warm_up

__all__ = ["classify", "serve"]

BLOCK_S = 0.012
"""A block lasts this long, or one call."""
_SETTLE_S = 0.006
"""Pause before a block: idle OpenMP threads of the process before spin on for some milliseconds."""
_REHEAT_S = 0.004
"""Untimed calls at a block's start: caches were somebody else's. A call ten times as long needs none."""

_PAUSED = 3
"""Calls by which it is found out how long they last with the pauses between them."""


class _NotFiniteError(Exception):
    """The output of a timed call has NaN or infinity in it."""


def serve(channel: socket.socket, job: dict[str, Any]) -> None:
    """Does one job and says how it went."""

    def say(message: dict[str, Any]) -> None:
        channel.sendall(json.dumps(message).encode() + b"\n")

    # Not one file for both ways: a text file that is written to forgets what it has read ahead.
    orders = (json.loads(line) for line in channel.makefile(encoding="utf-8"))
    try:
        _limit_memory(job)
        torch.set_num_threads(job["threads"])
        torch.backends.cudnn.allow_tf32 = False  # as torch has it for products: float32 is float32
        if job["kind"] == "timing":
            _time(job, orders, say)
        else:
            say({"facts": _facts(job)})
    except Exception as error:  # the border: every fault becomes a status with its text, and the log has the rest
        traceback.print_exc()
        status, reason = classify(error)
        say({"status": status, "reason": reason})


def classify(error: BaseException) -> tuple[str, str]:
    """Gives the status and the reason of what went wrong in a worker."""
    text = " ".join(str(error).split())[:400]
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, _NotFiniteError):
        return "nan", text
    if isinstance(error, NotImplementedError):
        return "unsupported", reason
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in text:
        return "oom", reason
    if "device lost" in text.lower() or "gpu is lost" in text.lower():
        return "device_lost", reason
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return "crashed", f"{reason} ({frame.name}, {frame.filename.rpartition('/')[2]}:{frame.lineno})"


def _limit_memory(job: dict[str, Any]) -> None:
    """Caps private memory, so that a case ends as `oom` and not the machine. CUDA reserves address space: no cap."""
    limit = job.get("memory_bytes")
    if limit and job.get("device", "cpu") == "cpu":
        with open("/proc/self/status") as file:
            used = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (used + limit, used + limit))


def _facts(job: dict[str, Any]) -> dict[str, Any]:
    if job["kind"] == "peak":
        return pacemaker.machine_peak(job["device"], job["dtype"])
    return passes.run(job["kind"], Case.from_json(job["case"]), job)


def _time(job: dict[str, Any], orders: Iterator[dict[str, Any]], say: Any) -> None:
    # A random offset before the inputs: processes forked from one server would all share one memory layout.
    # Small ones shift the heap, those beyond malloc's threshold the pages of what is mapped after them.
    offset = torch.empty(random.Random(job["layout"]).randrange(1, 1 << 22), dtype=torch.uint8)
    # The members of a round build at once: with all their threads on all cores they would wait for each other.
    torch.set_num_threads(1)
    if job.get("case") is None:
        call = pacemaker.pacemaker(job["device"])
    else:
        call = workload.build(Case.from_json(job["case"])).call
    torch.set_num_threads(job["threads"])
    start = time.perf_counter()
    output = call()
    _sync(job["device"])
    say({"built": {"first_call_s": time.perf_counter() - start}})
    time_block = timer(job["device"])
    lasts_s = calls = 0.0
    for order in orders:
        if order["do"] == "warm":
            warm = warm_up(time_block, call)
            lasts_s = max(1e-7, _with_pauses(time_block, call, warm.call_s))
            calls = max(1, round(BLOCK_S / lasts_s))
            say({"warm": {"call_s": lasts_s, "steady": warm.steady}})
        elif order["do"] == "block":
            time.sleep(_SETTLE_S)
            if lasts_s < 10 * _REHEAT_S:
                time_block(call, max(1, round(_REHEAT_S / lasts_s)))
            seconds = time_block(call, int(calls))
            say({"block": {"turn": order["turn"], "calls": int(calls), "seconds": seconds}})
        else:
            output = call()
            _sync(job["device"])
            launch = {} if time_block.launch_s is None else {"launch_s": time_block.launch_s}
            say({"finished": {"digest": _digest(output), **launch}})
            break
    del offset


def _with_pauses(time_block: Timer, call: Callable[[], Any], call_s: float) -> float:
    """Gives the seconds that a call adds to a block: on CUDA the cache is overwritten and the host waited for."""
    if time_block.launch_s is None:
        return call_s
    time_block.launch_s = None  # of the first calls, cold: taken anew
    time_block(call, 1)
    start = time.perf_counter()
    time_block(call, _PAUSED)
    return (time.perf_counter() - start) / _PAUSED


def _sync(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _digest(output: torch.Tensor) -> list[float]:
    digest = passes.digest(output)
    if not digest.finite:
        raise _NotFiniteError(f"the output of a timed call has {digest.not_finite} values that are not finite")
    return digest.numbers
