"""A profile in a page that is read in a minute: where the time goes, what holds the memory, what is not there.

Goes in: what `profile.json` holds. Comes out: Markdown that reads as plain text too. Names stand in code spans, so
that none can break a table or become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.units import bytes_text, seconds_text

__all__ = ["code_span", "machine_text", "summary", "table"]

_OPERATORS, _ALLOCATIONS, _FRAMES = 10, 8, 6

_STARVED = 0.9  # of a call's time, all threads together; one that is never made to wait has at least 1

_FILES = {
    "flame.svg": "flame graph; open it in a browser, and click on `repeat` to leave out imports and set-up",
    "speedscope.json": "the same stacks, of the calls alone, over time; https://www.speedscope.app opens it",
    "trace.json.gz": "every operator on a time line; https://ui.perfetto.dev opens it",
    "operators.csv": "all operators, seconds for one call",
    "memory.svg": "live bytes over one call",
    "memory.png": "the same",
    "memory.csv": "the same, event by event",
    "allocations.csv": "what is alive at the peak, with the line that asked for it",
    "nvml.csv": "clocks, power and use of the GPU",
    "profile.json": "all of this page, for programs and for `bench profile --diff`",
    "child.log": "what the processes printed",
}
_PARTS = {"memory": "memory", "stacks": "py-spy", "nvml": "NVML"}
_GPU_ROWS = {
    "sm_clock_hz": ("SM clock, MHz", 1e-6),
    "memory_clock_hz": ("memory clock, MHz", 1e-6),
    "power_w": ("power, W", 1),
    "gpu_use": ("a kernel runs, % of the time", 100),
    "memory_use": ("its memory is in use, % of the time", 100),
    "temperature_c": ("temperature, °C", 1),
}
"""Column of the series -> what it is called on the page, and how many of that unit it is."""
_MODES = {
    "native": "Python, C and C++ frames",
    "python": "Python frames alone",
    "nonblocking": "Python frames alone, taken without pausing the process: some may be wrong",
}


def summary(profile: dict[str, Any]) -> str:
    """Gives the text of `summary.md`."""
    lines = [f"# Profile of {code_span(profile['case_id'])}", "", machine_text(profile), ""]
    if profile["trace"] is None:
        return "\n".join([*lines, f"**{profile['status']}**: {' '.join(profile['reason'].split())}", ""])
    lines += _time(profile["trace"], profile["case"].get("device") == "cuda")
    if profile["memory"] is not None:
        lines += _memory(profile["memory"])
    if profile["stacks"] is not None:
        lines += _stacks(profile["stacks"])
    if profile["nvml"] is not None:
        lines += _nvml(profile["nvml"])
    lines += ["## Files", "", *(f"- {name}: {_FILES[name]}" for name in _FILES if name in profile["files"]), ""]
    if profile["unavailable"]:
        lines += ["## Unavailable", ""]
        lines += [f"- {_PARTS[part]}: unavailable: {reason}" for part, reason in profile["unavailable"].items()]
        lines.append("")
    return "\n".join(lines)


def machine_text(profile: dict[str, Any]) -> str:
    """Gives machine, torch, threads and commit in a line."""
    here, commit = profile["machine"], profile["commit"]
    words = [here["cpu_model"], f"{here['cores']} cores", *(gpu["name"] for gpu in here["gpus"])]
    words += [f"torch {profile['versions']['torch']}", f"{profile['threads']} threads"]
    return ", ".join([*words, *([f"commit {commit[:12]}{'-dirty' * commit.endswith('-dirty')}"] if commit else [])])


def code_span(text: str) -> str:
    """Gives text that Markdown prints as it stands, in one line, in a table too."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', chr(0x00A6))}`" if text.strip() else "-"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> list[str]:
    """Gives a Markdown table whose columns are aligned as plain text too; the last `left` columns at the left."""
    every = [headings, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(headings))]
    first_left = len(headings) - left

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column >= first_left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if i >= first_left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return [line(headings), line(rule), *map(line, rows)]


def _time(trace: dict[str, Any], cuda: bool) -> list[str]:
    shown, rest = trace["operators"][:_OPERATORS], trace["operators"][_OPERATORS:]
    rows = [(_share(o["share"]), seconds_text(o["self_s"]), f"{o['calls']:g}", code_span(o["name"])) for o in shown]
    outside = 1 - sum(each["share"] for each in trace["operators"])
    for share, calls, name in (
        (
            sum(each["share"] for each in rest),
            f"{sum(each['calls'] for each in rest):g}",
            f"{len(rest)} more operators",
        ),
        (outside, "", "no kernel runs" if cuda else "outside operators: Python, freeing memory, the profiler"),
    ):
        if share > 0:
            rows.append((_share(share), seconds_text(share * trace["seconds_per_call"]), calls, name))
    cpu = trace["cpu_seconds_per_call"]
    starved = not cuda and cpu < _STARVED * trace["seconds_per_call"]
    told = f" The process had the processor for {seconds_text(cpu)} of it: something else ran." if starved else ""
    return [
        "## Where the time goes",
        "",
        f"{seconds_text(trace['seconds_per_call'])} for one call under torch's profiler (mean of {trace['calls']}): "
        f"with the profiler's overhead, not a latency.{told}",
        "",
        "Self time, without that of operators called inside:",
        "",
        *table(("share", "self", "calls", "operator"), rows, left=1),
        "",
    ]


def _memory(memory: dict[str, Any]) -> list[str]:
    shown, rest = memory["allocations"][:_ALLOCATIONS], memory["allocations"][_ALLOCATIONS:]
    rows = [(bytes_text(a["bytes"]), f"{a['bytes']:,}", _maker(a), _place(a), code_span(a["code"])) for a in shown]
    if rest:
        left = sum(each["bytes"] for each in rest)
        rows.append((bytes_text(left), f"{left:,}", f"{len(rest)} more", "", ""))
    freed = memory["freed_before_bytes"]
    text = f"At most {bytes_text(memory['peak_bytes'])} ({memory['peak_bytes']:,} bytes) above inputs and weights"
    return [
        "## What holds the memory",
        "",
        f"{text}, less {bytes_text(freed)} that the call had let go of. Alive then:"
        if freed
        else f"{text}. Alive then:",
        "",
        *table(("size", "bytes", "made by", "at", "line"), rows, left=3),
        "",
    ]


def _maker(piece: dict[str, Any]) -> str:
    node = piece["backward"]
    inside = f" in {code_span(node)}" if node and node != piece["operator"] else ""
    return code_span(piece["operator"]) + inside


def _place(piece: dict[str, Any]) -> str:
    backward = "backward" + " of " * bool(piece["source"]) if piece["backward"] else ""
    return backward + (code_span(piece["source"]) if piece["source"] or not backward else "")


def _stacks(stacks: dict[str, Any]) -> list[str]:
    shown = stacks["frames"][:_FRAMES]
    rows = [(_share(each["share"]), code_span(f"{_short(each['name'])} ({each['file']})")) for each in shown]
    every = stacks["samples"] + stacks["setup_samples"]
    lines = [
        "## Where the stacks end",
        "",
        f"{stacks['samples']} samples of {stacks['calls']} calls ({stacks['rate_hz']} a second, "
        f"{_share(stacks['setup_samples'] / every)} of all samples were set-up and are left out). "
        f"{_MODES[stacks['mode']]}, of threads that Python knows.",
        "",
    ]
    lines += [f"- {_MODES[each['mode']]}: not possible ({each['reason']})" for each in stacks["refused"]]
    lines += [f"- to allow it: {stacks['enable']}", ""] if stacks["enable"] else []
    return [*lines, *table(("share", "innermost function"), rows, left=1), ""]


def _nvml(series: dict[str, Any]) -> list[str]:
    rows = [
        (label, *(f"{scale * value:.4g}" for value in series[name]))
        for name, (label, scale) in _GPU_ROWS.items()
        if isinstance(series.get(name), list)
    ]
    slowed = "; ".join(each for each in series["throttle_reasons"] if each != "idle") or "nothing"
    text = f"{series['samples']} samples. What slowed the clocks: {slowed}."
    return ["## The GPU", "", text, "", *table(("", "least", "median", "largest"), rows, left=0), ""]


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _short(name: str, longest: int = 90) -> str:
    """Gives a name without what every C++ name of torch begins with, and its beginning where it is long."""
    name = name.removeprefix("at::internal::invoke_parallel<at::parallel_for<").replace("(anonymous namespace)::", "")
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
