"""What a suite would run: its cases, their closed-form cost, their memory; measures nothing."""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.verbs._options import add_results_option, add_suite_options

if TYPE_CHECKING:
    from bench.suite.model import Suite
    from bench.suite.status import Planned
    from bench.verbs._options import Plan

__all__ = ["add_arguments", "run"]

_HEAD = (
    "operator",
    "rank",
    "options",
    "FLOPs",
    "forward bytes",
    "parameters",
    "trained",
    "cache",
    "memory",
    "status",
)
_PLANNED, _ACCURACY = "planned", "planned, for accuracy only"
_OWN = ("bench", "torch")  # whoever names both means ours, whichever of them has it


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

        # beside the table's names the case itself, from which another process can build the very same, and whose code
        whole = [
            {**row, "case": each.case.to_json(), "source": _source(each)}
            for row, each in zip(rows, plan.planned, strict=True)
        ]
        print(json.dumps(whole, indent=1))
    else:
        print(_text(plan, rows))
        print(_time(plan, args.results))
    return 0


def _source(planned: Planned) -> str | None:
    """Gives the file of the operator's class, as it will be imported; nothing where the case is not run."""
    import sys

    from bench import operators

    if planned.status != "planned":
        return None
    return getattr(sys.modules[type(operators.of(planned.case)).__module__], "__file__", None)


def _text(plan: Plan, rows: list[dict[str, Any]]) -> str:
    from bench.suite.group import group_name
    from bench.units import bytes_text, plural_text

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
    said = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    text += ["", f"{plural_text(len(rows), 'case')}: {said}", *_not_offered(plan.suite)]
    if plan.groups:
        text.append(f"{plural_text(len(plan.groups), 'group')} to time, each against its baseline")
    largest = max((row for row in rows if row["status"] == "planned"), key=_memory, default=None)
    if largest:
        size, name = bytes_text(_memory(largest)), largest["case_id"]
        text.append(f"memory: at most {size} of tensors, inputs and weights among them, for {name}")
    return "\n".join(text)


def _not_offered(suite: Suite) -> Iterator[str]:
    """Yields, for each provider that a sweep names, which of its operators it lacks: these have no case of it."""
    from bench import operators
    from bench.units import plural_text

    lacking: dict[str, set[str]] = {}
    for sweep in suite.sweeps.values():
        words = suite.fixed.given() | sweep.given()
        asked = words.get("provider", ())
        for operator, named in itertools.product(words.get("operator", ()), () if "all" in asked else asked):
            offered = operators.providers_of(operator)
            ours = named in _OWN and {*asked} & {*_OWN} & {*offered}
            if named not in offered and not ours:
                lacking.setdefault(named, set()).add(operator)
    for named, names in sorted(lacking.items()):
        lacked = plural_text(len(names), "operator")
        yield f"{named} is named for {lacked} that it does not offer, so without a case: {', '.join(sorted(names))}"


def _time(plan: Plan, results: Path) -> str:
    """Says how long a run will take, where an earlier run on this machine can tell."""
    if not plan.groups:
        return "time: there is nothing to time"
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
        count_text(row["trainable_parameters"]),
        bytes_text(row["kv_cache_bytes"]),
        bytes_text(row["estimated_peak_bytes"]),
    )


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    first, *middle, last = line
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(middle, widths[1:], strict=True))]
    return "  " + "  ".join([*cells, last])
