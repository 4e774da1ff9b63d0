"""The memory of one call over time, and what is alive at its peak: bytes, operator, line of Python.

Runs behind the process border. Bytes come from the profiler's memory events, as in `measure.metrics.memory`, so that
the peak is the same figure. The operator is the innermost one above the event; the line is the innermost one outside
torch whose call the event lies in, or, in a backward pass, that of the forward operator. What a library allocates by
itself (packed matrices of a BLAS) is in no event.
"""

from __future__ import annotations

import contextlib
import dataclasses
import linecache
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.profiler import ProfilerActivity, profile, record_function

from bench.measure.metrics.memory import drop_gradients
from bench.measure.workload import Workload

__all__ = ["Allocation", "Change", "alive_at_peak", "record"]

_LINE = "line of python: "
_ENGINE = "autograd::engine::evaluate_function: "
_ALLOCATORS = ("aten::empty", "aten::new_empty", "aten::resize_")
_TORCH = str(Path(torch.__file__).parent) + os.sep


@dataclasses.dataclass(slots=True)
class Allocation:
    """One piece of memory that a call asked for."""

    bytes: int
    """Of the piece."""
    allocated_s: float
    """When, since the call's first event."""
    operator: str
    """Which made it; empty where none did."""
    backward: str
    """The node of the backward pass in which it was made; empty in the forward pass."""
    source: str
    """``file:line``; of a backward node, that of its forward operator; empty where unknown."""
    code: str
    """That line's text."""
    freed_s: float | None = None
    """When it was let go of; absent: not during the call."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One event: memory taken or given back."""

    time_s: float
    """Since the call's first event."""
    bytes: int
    """Below 0 where memory is given back."""
    live_bytes: int
    """The sum up to here, above the state before the call."""
    piece: Allocation | None
    """What was taken or given back; absent where it was there before the call."""


def record(workload: Workload) -> dict[str, Any]:
    """Looks at one call after a warm-up call, from a state without gradients.

    Returns:
        `peak_bytes` (above inputs and weights), `freed_before_bytes` (what had been there before the call and was
        given back before the peak), `timeline` (a list of time_s, bytes, live_bytes, operator, source) and
        `allocations`: those alive at the peak, the largest first, as `Allocation`.
    """
    device = workload.case.device
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device == "cuda" else [])]
    lines = _Lines()
    workload.call()
    drop_gradients(workload)
    # A compiled call is not looked into: a mode would be traced, and something else would be compiled.
    looking = contextlib.nullcontext() if workload.case.compiled else lines
    with looking, profile(activities=activities, profile_memory=True) as profiler:
        workload.call()
        if device == "cuda":
            torch.cuda.synchronize()
    tree = profiler.profiler.kineto_results.experimental_event_tree()
    changes = _changes(tree, device, lines.code)
    peak, alive = alive_at_peak(changes)
    return {
        "peak_bytes": peak,
        "freed_before_bytes": sum(piece.bytes for piece in alive) - peak,
        "timeline": [
            [each.time_s, each.bytes, each.live_bytes, *((p.operator, p.source) if (p := each.piece) else ("", ""))]
            for each in changes
        ],
        "allocations": [dataclasses.asdict(piece) for piece in alive],
    }


def alive_at_peak(changes: list[Change]) -> tuple[int, list[Allocation]]:
    """Gives the peak, at least 0, and what is alive there, the largest first."""
    peak, where = 0, 0
    for number, change in enumerate(changes, 1):
        if change.live_bytes > peak:
            peak, where = change.live_bytes, number
    alive: dict[int, Allocation] = {}
    for change in changes[:where]:
        if change.piece is not None and change.bytes > 0:
            alive[id(change.piece)] = change.piece
        elif change.piece is not None:
            del alive[id(change.piece)]
    return peak, sorted(alive.values(), key=lambda piece: -piece.bytes)


class _Lines(TorchFunctionMode):
    """Gives the profile an event around each call into torch, named after the line outside torch where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.code: dict[str, str] = {}
        """Place -> its text."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith(_TORCH):
            frame = frame.f_back
        assert frame is not None  # torch is called by something that is not torch
        file, line = frame.f_code.co_filename, frame.f_lineno
        place = f"{_short(file)}:{line}"
        self.code[place] = linecache.getline(file, line).strip()
        with record_function(_LINE + place):
            return func(*args, **(kwargs or {}))


def _short(file: str) -> str:
    """Gives a path from the folder on that Python imported it from."""
    bases = [base for base in sys.path if base and file.startswith(base + os.sep)]
    return file[len(max(bases, key=len)) + 1 :] if bases else file


def _events(tree: list[Any]) -> Iterator[Any]:
    """Gives every event, a parent before its children."""
    waiting = list(reversed(tree))
    while waiting:
        event = waiting.pop()
        yield event
        waiting += reversed(event.children)


def _ancestors(event: Any) -> Iterator[Any]:
    while (event := event.parent) is not None:
        yield event


def _changes(tree: list[Any], device: str, code: dict[str, str]) -> list[Change]:
    """Gives the memory events of a device in the order of time."""
    forward_lines: dict[int, str] = {}
    found = []
    for event in _events(tree):
        if event.name == "[memory]":
            if event.extra_fields.device.type == device:
                found.append(event)
        elif (number := getattr(event.extra_fields, "sequence_number", -1)) >= 0:
            names = [ancestor.name for ancestor in _ancestors(event)]
            place = next((name for name in names if name.startswith((_LINE, _ENGINE))), "")
            if place.startswith(_LINE):
                forward_lines.setdefault(number, place.removeprefix(_LINE))
    found.sort(key=lambda event: event.start_time_ns)
    changes: list[Change] = []
    alive: dict[int, Allocation] = {}
    live = 0
    for event in found:
        fields, time_s = event.extra_fields, (event.start_time_ns - found[0].start_time_ns) * 1e-9
        live += fields.alloc_size
        piece: Allocation | None
        if fields.alloc_size > 0:
            piece = alive[fields.ptr] = _allocation(event, time_s, forward_lines, code)
        else:
            piece = alive.pop(fields.ptr, None)
            if piece is not None:
                piece.freed_s = time_s
        changes.append(Change(time_s, fields.alloc_size, live, piece))
    return changes


def _allocation(event: Any, time_s: float, forward_lines: dict[int, str], code: dict[str, str]) -> Allocation:
    operator = backward = source = ""
    for ancestor in _ancestors(event):
        name = ancestor.name
        if name.startswith(_LINE):
            source = name.removeprefix(_LINE)
            break
        if name.startswith(_ENGINE):
            backward = name.removeprefix(_ENGINE)
            source = forward_lines.get(ancestor.extra_fields.sequence_number, "")
            break
        if not operator and not name.startswith(_ALLOCATORS):
            operator = name
    size = event.extra_fields.alloc_size
    return Allocation(size, time_s, operator, backward, source, code.get(source, ""))
