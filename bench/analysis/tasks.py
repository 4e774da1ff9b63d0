"""What replacing attention does to accuracy on tasks: who is as accurate as the exact one, who is worse, how much.

Goes in: the table. Comes out: one finding for each task and way of doing it, then those on adapters, on learning
rates, and on rank. Nothing is claimed beyond the paired interval of a difference; where a linear baseline or the
majority class does as well, the headline says so; a task that failed beside a good latency is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from bench.analysis.applications import (
    GOOD,
    difference_text,
    failed_lines,
    gain,
    judged,
    task_contexts,
    task_rows,
    trivial_clause,
    trivial_lines,
    usual_rate,
    value_text,
)
from bench.analysis.finding import MARGIN, Finding, ratio_words
from bench.analysis.learning_rates import learning_rate_findings
from bench.analysis.series import measured, series_label
from bench.analysis.steps import step_findings
from bench.analysis.tuned import tuned_findings

__all__ = ["task_findings"]

_TOLD = {
    "better": "Better",
    "as accurate": "As accurate",
    "hardly worse": "Worse, by less than matters",
    "worse": "Worse",
    "open": "Not decided, the interval allows a loss that matters",
    "alone": "Without a baseline to compare with",
}
_NAMED = 4


def task_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Yields what each task says of attentions, then of adapters, of learning rates, and of rank.

    Args:
        table: one row a case.
    """
    rows = task_rows(table, "forward")
    if len(rows):
        replaced = rows[rows["application"] != "adapted"]
        for where, members in task_contexts(usual_rate(replaced)):
            yield from _replaced(where, members)
        yield from tuned_findings(table)
        yield from learning_rate_findings(table)
    yield from step_findings(table)


def _replaced(where: str, rows: pd.DataFrame) -> Iterator[Finding]:
    words = judged(rows)
    valued = rows[rows["task_value"].notna()]
    failed = list(failed_lines(rows))
    if valued.empty and not failed:
        return  # nothing of it was planned: that is told among what was not measured
    alike = {word: rows[words == word] for word in (*_TOLD, "baseline", "diverged")}
    details = [f"{name}: {_each(alike[word], word)}." for word, name in _TOLD.items() if len(alike[word])]
    good = rows[words.isin(GOOD)]
    details += [*trivial_lines(rows), *_speed(good), *_same_time(valued), *failed]
    numbers = {word.replace(" ", "_"): len(members) for word, members in alike.items()}
    yield Finding("task", where, _headline(alike, valued), tuple(details), {"cases": len(rows), **numbers})


def _headline(alike: Mapping[str, pd.DataFrame], valued: pd.DataFrame) -> str:
    if valued.empty:
        return "No case has a value."
    if len(alike["baseline"]):
        first = alike["baseline"].iloc[0]
        name = str(first["label"])
    else:
        first = valued.iloc[0]
        name = series_label(first)
    metric = str(first["task_metric"]).replace("_", " ")
    parts = [f"{name}: {metric} {value_text(first)}"]
    if clause := trivial_clause(first):
        parts.append(clause)
    parts += [f"{word}: {_names(alike[word])}" for word in GOOD if len(alike[word])]
    if len(alike["worse"]):
        parts.append(_worse(alike["worse"]))
    if not any(len(alike[word]) for word in (*GOOD, "worse")) and len(alike["open"]):
        parts.append("the intervals are too wide to say who is as accurate")
    if (valued["task_steps"] > 0).any() and (valued["task_seeds"] < 2).all():
        parts.append("one seed, and another may say something else")
    if len(alike["diverged"]):
        parts.append(f"diverged: {_names(alike['diverged'])}")
    return f"{'; '.join(parts)}."


def _worse(rows: pd.DataFrame) -> str:
    """Gives the best and the worst of those that are surely worse, with their differences."""
    ordered = sorted((row for _, row in rows.iterrows()), key=lambda row: -gain(row).centre)
    ends = ordered if len(ordered) < 3 else [ordered[0], ordered[-1]]
    told = [f"{series_label(row)} ({difference_text(row)})" for row in ends]
    if len(ordered) < 3:
        return f"worse: {', '.join(told)}"
    return f"worse: {len(ordered)} cases, from {told[0]} to {told[1]}"


def _each(rows: pd.DataFrame, word: str) -> str:
    """Gives what each differs by; of those that have no baseline to compare with, what each reached."""
    text = value_text if word == "alone" else difference_text
    return "; ".join(f"{series_label(row)} {text(row)}" for _, row in rows.iterrows())


def _speed(good: pd.DataFrame) -> Iterator[str]:
    """Yields whether anything that is as accurate is also faster."""
    timed = good[measured(good) & good["latency_ratio_ci_high"].notna()]
    if timed.empty:
        return
    phase = str(timed["phase"].iloc[0])
    faster = timed[timed["latency_ratio_ci_high"] < 1 - MARGIN].sort_values("latency_ratio")
    if faster.empty:
        yield f"None of those as accurate is faster in phase {phase}."
    else:
        best = faster.iloc[0]
        name, ratio = series_label(best), ratio_words(best)
        yield f"Of those as accurate {name} is fastest: {ratio} of the time in phase {phase}."


def _same_time(valued: pd.DataFrame) -> Iterator[str]:
    """Yields how many steps each made, where all were given the same time."""
    if "seconds" in valued and valued["seconds"].notna().any() and valued["task_steps"].notna().any():
        made = [f"{series_label(row)} {row['task_steps']:.0f}" for _, row in valued.iterrows()]
        yield f"Steps made in the same time: {'; '.join(made)}."


def _names(rows: pd.DataFrame) -> str:
    names = [series_label(row) for _, row in rows.iterrows()]
    if len(names) > _NAMED:
        return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} others"
    return ", ".join(names)
