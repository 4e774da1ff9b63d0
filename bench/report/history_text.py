"""Series over runs as text for a terminal, as Markdown, and as rows for programs.

Goes in: histories, those with the largest steps first. Comes out: text. A series that is too short is told, and
nothing is said of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.analysis.changepoint import FEWEST_RUNS
from bench.analysis.history import STATES, History, Step, commit_text
from bench.report.cells import cell_text
from bench.report.markdown import escape

__all__ = ["change_text", "markdown", "rows", "series_text", "text"]

_HEADINGS = (
    "case",
    "change",
    "way",
    "between",
    "and",
    "levels",
    "one run scatters",
    "also changed",
    "machine, torch",
)


def change_text(step: Step) -> str:
    """Gives a step's size with its interval: ``+12.0 % ± 1.1 %``."""
    return f"{100 * (step.ratio - 1):+.1f} % ± {100 * step.half_width:.1f} %"


def text(found: Sequence[History]) -> str:
    """Gives the series that have changed, and how many have not or are too short."""
    lines = []
    for history in found:
        lines += _changes(history)
    return "\n".join([*lines, *_counts(found)])


def series_text(found: Sequence[History]) -> str:
    """Gives every run of each series, with its steps between them."""
    lines: list[str] = []
    for history in found:
        lines += [history.case_id, f"  {_where(history)}, {history.metric}: {_said(history)}"]
        steps = {step.row: step for step in history.steps}
        for place, run in enumerate(history.runs.to_dict("records")):
            if place in steps:
                lines.append(f"  ---- {_change(history, steps[place])}")
            when, commit = str(run["started_utc"])[:16], commit_text(run["commit"])
            lines.append(f"  {when}  {commit:13}  {_value(history, run)}  {run['run']}")
        lines.append("")
    return "\n".join([*lines, *_counts(found)])


def markdown(found: Sequence[History]) -> str:
    """Gives the steps as a table, and how many series have none."""
    lines = ["| " + " | ".join(_HEADINGS) + " |", "|" + "---|" * len(_HEADINGS)]
    for history in found:
        for step in history.steps:
            cells = [
                history.case_id,
                change_text(step),
                _way(step),
                commit_text(step.commit_before),
                commit_text(step.commit_after),
                f"{_cell(history, step.before)} -> {_cell(history, step.after)}",
                f"± {100 * history.scatter:.1f} %",
                "; ".join(step.also) or "-",
                _where(history),
            ]
            lines.append("| " + " | ".join(map(escape, cells)) + " |")
    counts = [f"- {escape(line)}" for line in _counts(found)]
    return "\n".join([*(lines if any(each.steps for each in found) else []), "", *counts]) + "\n"


def rows(found: Sequence[History]) -> list[dict[str, Any]]:
    """Gives each series as JSON takes it; what is absent is null."""
    return [
        {
            "case_id": history.case_id,
            "case_hash": history.case_hash,
            "machine": history.machine,
            "torch": history.torch,
            "metric": history.metric,
            "state": history.state,
            "scatter": _absent(history.scatter),
            "steps": [
                {name: getattr(step, name) for name in Step.__dataclass_fields__} | {"same_commit": step.same_commit}
                for step in history.steps
            ],
            "runs": [
                {name: _absent(value) for name, value in run.items() if name != "done"}
                for run in history.runs.to_dict("records")
            ],
        }
        for history in found
    ]


def _changes(history: History) -> list[str]:
    if not history.steps:
        return []
    lines = [history.case_id, f"  {_where(history)}: {_said(history)}"]
    return lines + [f"  {_change(history, step)}" for step in history.steps]


def _change(history: History, step: Step) -> str:
    levels = f"{_cell(history, step.before)} -> {_cell(history, step.after)}"
    between = f"between {commit_text(step.commit_before)} and {commit_text(step.commit_after)}"
    if step.same_commit:
        between = f"within one commit, {commit_text(step.commit_after)}: not the tree"
    also = f"; also changed: {', '.join(step.also)}" if step.also else ""
    return f"{change_text(step)}, {_way(step)}: {levels}, {between} ({step.started_utc[:10]}, {step.run_after}){also}"


def _said(history: History) -> str:
    failed = ", ".join(f"{count} {status}" for status, count in history.failed.items())
    runs = f"{history.valued} runs" + (f" and {failed}" if failed else "")
    if history.state == "too_few_runs":
        return f"{runs}; below {FEWEST_RUNS} nothing is said of steps"
    return f"{runs}; one run scatters ± {100 * history.scatter:.1f} %; {_count(len(history.steps))}"


def _counts(found: Sequence[History]) -> list[str]:
    by_state = {state: [each for each in found if each.state == state] for state in STATES}
    places = {(each.machine, each.torch) for each in found}
    lines = [f"{len(found)} series: {len(by_state['changed'])} changed, {len(by_state['steady'])} did not"]
    if few := len(by_state["too_few_runs"]):
        has, them = ("has", "it") if few == 1 else ("have", "them")
        lines[0] += f", {few} {has} fewer than {FEWEST_RUNS} runs with a value, and nothing is said of {them}"
    if len(places) > 1:
        lines.append(f"{len(places)} kinds of machine and torch, each with series of its own")
    return lines


def _count(steps: int) -> str:
    return {0: "no step", 1: "1 step"}.get(steps, f"{steps} steps")


def _where(history: History) -> str:
    return f"{history.machine}, torch {history.torch}"


def _way(step: Step) -> str:
    return "worse" if step.worse else "better"


def _cell(history: History, value: float) -> str:
    return cell_text(history.metric, value)


def _value(history: History, run: dict[Any, Any]) -> str:
    if math.isnan(run["value"]):
        return f"× {run['status']}".ljust(24)
    interval = "" if pd.isna(run["low"]) else f" [{_cell(history, run['low'])}, {_cell(history, run['high'])}]"
    return f"{_cell(history, run['value'])}{interval}".ljust(24)


def _absent(value: Any) -> Any:
    return None if pd.isna(value) else value
