"""Two profiles side by side: operators by how much their time changed, and what holds the memory.

Goes in: two folders that `bench profile` made. Comes out: Markdown that reads as plain text too. These are times
under the profiler, of one process each: a change that matters is confirmed by a run.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.profile.summary import code_span, machine_text, table
from bench.units import bytes_text, seconds_text

__all__ = ["difference", "read"]

_ROWS = 15


def read(folder: Path) -> dict[str, Any]:
    """Gives what a profile's folder holds.

    Raises:
        UsageError: it is no profile, or one of a case that failed.
    """
    file = folder / "profile.json"
    if not file.is_file():
        found = "is no profile (it has no profile.json)"
        raise UsageError(str(folder), found, "give a folder that `bench profile` made")
    try:
        profile: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}", f"is damaged ({error.msg})", "take the profile anew") from error
    if profile["trace"] is None:
        raise UsageError(str(folder), f"its case failed ({profile['status']})", "give a profile of a case that works")
    return profile


def difference(a: dict[str, Any], b: dict[str, Any]) -> str:
    """Gives what changed from profile A to profile B."""
    one, two = a["trace"]["seconds_per_call"], b["trace"]["seconds_per_call"]
    lines = ["# Two profiles", ""]
    lines += [f"- {name}: {code_span(p['case_id'])}; {machine_text(p)}" for name, p in (("A", a), ("B", b))]
    lines += ["", "## Where the time goes", ""]
    lines.append(
        f"{seconds_text(one)} -> {seconds_text(two)} for one call, {two / one:.3g} times; under the profiler, and of "
        "one process each: no latency. Self time, the largest change first:"
    )
    lines += ["", *_operators(a["trace"], b["trace"]), "", "## What holds the memory", ""]
    missing = [name for name, profile in (("A", a), ("B", b)) if profile["memory"] is None]
    if missing:
        lines += [f"{name} has no account of its memory; its summary.md says why." for name in missing]
    else:
        lines += _memory(a["memory"], b["memory"])
    return "\n".join([*lines, ""])


def _operators(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    sides = [_with_outside(trace) for trace in (a, b)]
    names = sorted({*sides[0], *sides[1]}, key=lambda name: -abs(_of(sides[1], name) - _of(sides[0], name)))
    rows = []
    for name in names[:_ROWS]:
        cells = [*_cells(sides[0].get(name), a), *_cells(sides[1].get(name), b)]
        rows.append((*cells, _signed(seconds_text, _of(sides[1], name) - _of(sides[0], name)), code_span(name)))
    left = sum(_of(sides[1], name) - _of(sides[0], name) for name in names[_ROWS:])
    if names[_ROWS:]:
        rows.append(("", "", "", "", _signed(seconds_text, left), f"{len(names) - _ROWS} more"))
    return table(("A", "share", "B", "share", "change", "operator"), rows, left=1)


def _with_outside(trace: dict[str, Any]) -> dict[str, float]:
    """Gives the self seconds of each operator, and the rest of the call; together they are the call."""
    seconds = {each["name"]: float(each["self_s"]) for each in trace["operators"]}
    return seconds | {"outside operators": trace["seconds_per_call"] - sum(seconds.values())}


def _of(seconds: dict[str, float], name: str) -> float:
    return seconds.get(name, 0.0)  # an operator that is not called takes no time


def _cells(seconds: float | None, trace: dict[str, Any]) -> tuple[str, str]:
    if seconds is None:
        return "-", "-"
    return seconds_text(seconds), f"{100 * seconds / trace['seconds_per_call']:.1f} %"


def _memory(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    one, two = a["peak_bytes"], b["peak_bytes"]
    times = f", {two / one:.3g} times" if one else ""
    sides = [Counter[tuple[str, str]](), Counter[tuple[str, str]]()]
    for side, memory in zip(sides, (a, b), strict=True):
        for piece in memory["allocations"]:
            name = piece["operator"] + (f" in {piece['backward']}" if piece["backward"] else "")
            side[name, piece["source"]] += piece["bytes"]
    keys = sorted({*sides[0], *sides[1]}, key=lambda key: -abs(sides[1][key] - sides[0][key]))
    rows = [
        (
            *(bytes_text(side[key]) if key in side else "-" for side in sides),
            _signed(bytes_text, sides[1][key] - sides[0][key]),
            code_span(key[0]),
            code_span(key[1]),
        )
        for key in keys[:_ROWS]
    ]
    return [
        f"At most {bytes_text(one)} ({one:,} bytes) -> {bytes_text(two)} ({two:,} bytes){times}. Alive then:",
        "",
        *table(("A", "B", "change", "made by", "at"), rows, left=2),
    ]


def _signed(text: Any, value: float) -> str:
    value = round(value, 12)  # below every clock: what is left of equal sums of floats
    return text(value) if value < 0 else f"+{text(value)}"
