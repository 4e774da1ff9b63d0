"""What a suite would run: its cases, their closed-form cost, their memory; measures nothing."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.verbs._options import add_results_option, add_suite_options

if TYPE_CHECKING:
    from bench.suite.status import Planned
    from bench.verbs._options import Plan

__all__ = ["add_arguments", "run"]

_HEAD = ("operator", "rank", "options", "FLOPs", "bytes", "parameters", "memory", "status")
_PLANNED, _ACCURACY = "planned", "planned, for accuracy only"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite, what narrows it, and the format."""
    add_suite_options(parser)
    add_results_option(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: a list of rows")


def run(args: argparse.Namespace) -> int:
    """Prints the plan; gives the exit code."""
    from bench.suite.row import planned_row
    from bench.verbs._options import read_plan

    plan = read_plan(args)
    rows = [planned_row(each, plan.suite.suite) for each in plan.planned]
    if args.format == "json":
        import json

        print(json.dumps(rows, indent=1))
    else:
        print(_text(plan, rows))
        print(_time(plan, args.results))
    return 0


def _text(plan: Plan, rows: list[dict[str, Any]]) -> str:
    from bench.suite.group import group_name
    from bench.units import bytes_text

    grouped: dict[str, list[tuple[str, ...]]] = {}
    for each, row in zip(plan.planned, rows, strict=True):
        grouped.setdefault(group_name(each.case), []).append((*_line(row), _outcome(each)))
    every = [_HEAD, *(line for lines in grouped.values() for line in lines)]
    widths = [max(len(line[column]) for line in every) for column in range(len(_HEAD) - 1)]
    text = [_aligned(_HEAD, widths)]
    for name, lines in grouped.items():
        text += ["", name]
        outcomes = {line[-1] for line in lines}
        alike = len(outcomes) == 1 and not outcomes & {_PLANNED, _ACCURACY}
        text += [f"  {len(lines)} {outcomes.pop()}"] if alike else [_aligned(line, widths) for line in lines]
    counts = Counter(row["status"] for row in rows)
    text += ["", f"{len(rows)} cases: " + ", ".join(f"{count} {status}" for status, count in counts.most_common())]
    text.append(f"{len(plan.groups)} groups to time, each against its baseline")
    largest = max((row for row in rows if row["status"] == "planned"), key=_memory, default=None)
    if largest:
        size, name = bytes_text(_memory(largest)), largest["case_id"]
        text.append(f"memory: at most {size} of tensors, inputs and weights among them, for {name}")
    return "\n".join(text)


def _time(plan: Plan, results: Path) -> str:
    """Says how long a run will take, where an earlier run on this machine can tell."""
    from bench.machine.fingerprint import cores, machine, versions
    from bench.store.run import finished
    from bench.units import duration_text

    measure, known = plan.suite.measure, versions()
    earlier = finished(results, machine()["name"], known["torch"])
    earlier.sort(key=lambda run: bool(run.info["suite"] == plan.suite.suite))  # the last of this suite, if any
    if not earlier:
        return f"time: uncalibrated; budget {duration_text(measure.budget)}"
    from bench.suite.manifest import manifest
    from bench.sweep.budget import Policy
    from bench.sweep.forecast import forecast

    planned = manifest(plan.planned, plan.groups, suite=plan.suite.suite, threads=cores(), versions=known)
    seconds = forecast(planned, Policy(measure.budget, measure.precision, *measure.rounds), earlier[-1])
    return f"time: about {duration_text(seconds)}, by what {earlier[-1].name} took on this machine"


def _memory(row: dict[str, Any]) -> int:
    return int(row["estimated_peak_bytes"])


def _outcome(planned: Planned) -> str:
    from bench.suite.group import timed

    if planned.status == "planned":
        return _PLANNED if timed(planned.case) else _ACCURACY
    return f"{planned.status}: {planned.reason}"


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    from bench.units import bytes_text, count_text

    own = [row["options"]] if row["options"] else []
    own += [f"adapter_dtype={row['adapter_dtype']}"] if row["adapter_dtype"] else []
    own += ["compiled"] if row["compiled"] else []
    return (
        f"{row['operator']}[{row['provider']}]",
        "-" if row["rank"] is None else str(row["rank"]),
        " ".join(own) or "-",
        count_text(row["flops_formula"]),
        bytes_text(row["bytes_algorithm"]),
        count_text(row["parameters"]),
        bytes_text(row["estimated_peak_bytes"]),
    )


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    first, *middle, last = line
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(middle, widths[1:], strict=True))]
    return "  " + "  ".join([*cells, last])
