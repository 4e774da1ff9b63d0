"""Every step to a higher rank, and whether it went the wrong way beyond its interval.

More rank should cost more and be nearer to exact attention. Goes in: the table. Comes out: one row a step between
neighbouring ranks of a line, of the error and of what a task reached, and a finding that names each wrong one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.applications import difference_text, sign, task_contexts, task_rows
from bench.analysis.finding import EXACT, Finding
from bench.analysis.series import contexts, questions, series_columns, series_label, series_of

__all__ = ["rank_steps", "step_findings"]

_ERRORS = {"attention_rel_error": "error of A", "output_rel_error": "error of the output"}
_Z = 1.96
_P10_TO_P90 = 2.5631  # standard deviations of a normal
_MEDIAN_OF_20 = 1.2533 / np.sqrt(20)  # its standard error, in standard deviations: an error is the median of 20 draws
_ROUNDING = 1e-6  # relative: errors are taken in float64
_BY_CHANCE = 0.025  # of steps whose interval is of 95 %, on the worse side
_COLUMNS = (
    *("context", "series", "metric", "rank_before", "rank", "before", "after", "words", "wrong", "drawn", "case_id"),
)


def rank_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Gives every step between neighbouring ranks.

    A step of a task is paired by seed and sample; it is wrong where its interval lies on the worse side of 0. One of
    an error is wrong where the error grew: of a random operator by more than the interval of two medians of 20 draws
    (normal, from their 10th and 90th percentiles), of others at all, on this input.

    Args:
        table: one row a case.

    Returns:
        Columns ``context series metric rank_before rank before after words wrong drawn case_id``; `words` tells the
        change, `metric` is a word, `drawn` is whether chance has a part in it.
    """
    return pd.DataFrame([*_of_tasks(table), *_of_errors(table)], columns=list(_COLUMNS))


def step_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Yields how many steps to a higher rank went the wrong way beyond their interval, and each of them.

    Args:
        table: one row a case.
    """
    steps = rank_steps(table)
    if steps.empty:
        return
    wrong = steps[steps["wrong"].astype(bool)]
    headline = f"More rank is worse beyond its interval in {len(wrong)} of {len(steps)} steps to the next rank."
    if chance := round(_BY_CHANCE * int(steps["drawn"].sum())):
        headline = f"{headline[:-1]}; chance alone gives up to {chance}."
    details = []
    for (series, metric, context), found in wrong.groupby(["series", "metric", "context"], sort=False):
        told = [f"r={row['rank_before']:g} to {row['rank']:g}: {row['words']}" for _, row in found.iterrows()]
        details.append(f"{series}, {metric} ({context}): {'; '.join(told)}.")
    numbers = {"steps": len(steps), "wrong": len(wrong)}
    yield Finding("rank", "", headline, tuple(details), numbers)


def _of_tasks(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    rows = task_rows(table, "forward")
    valued = rows[rows["task_value"].notna() & rows["rank"].notna()] if len(rows) else rows
    for where, members in task_contexts(valued):
        for _, line in members.groupby(series_columns(members, "rank"), dropna=False, sort=False):
            ordered = [row for _, row in line.sort_values("rank").iterrows()]
            for lower, row in itertools.pairwise(ordered):
                if not pd.isna(row["task_step"]):
                    yield _step(where, row, lower, "task_value", str(row["task_metric"]).replace("_", " ")) | {
                        "words": difference_text(row, "task_step"),
                        "wrong": max(sign(row) * row[f"task_step_ci_{end}"] for end in ("low", "high")) < 0,
                        "drawn": not pd.isna(row["task_step_ci_low"]),
                    }


def _of_errors(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yields the steps of the error; phases and threads share it, so that one of them tells it."""
    once = table[table["rank"].notna()]
    once = once[~questions(once.assign(phase="", threads=0.0)).duplicated()] if len(once) else once
    for context, rows in contexts(once, "rank"):
        for _, line in series_of(rows, "rank"):
            known = [name for name in _ERRORS if name in line and line[name].notna().any()]
            ordered = [row for _, row in line.iterrows() if known and not pd.isna(row[known[0]])]
            for lower, row in itertools.pairwise(ordered):
                before, after = float(lower[known[0]]), float(row[known[0]])
                noise = _noise(lower, row, known[0])
                yield _step(context.name, row, lower, known[0], _ERRORS[known[0]]) | {
                    "words": f"{before:.3g} to {after:.3g}",
                    "wrong": after > EXACT and after - before > noise + _ROUNDING * before,
                    "drawn": noise > 0,
                }


def _step(where: str, row: pd.Series[Any], lower: pd.Series[Any], column: str, metric: str) -> dict[str, Any]:
    return {
        "context": where,
        "series": series_label(row, "rank"),
        "metric": metric,
        "rank_before": float(lower["rank"]),
        "rank": float(row["rank"]),
        "before": float(lower[column]),
        "after": float(row[column]),
        "case_id": row["case_id"],
    }


def _noise(lower: pd.Series[Any], row: pd.Series[Any], column: str) -> float:
    """Gives half the width of the interval of a difference of two medians over draws; 0 where nothing is drawn."""
    ends = [float(each.get(f"{column}_{end}", np.nan)) for each in (lower, row) for end in ("p10", "p90")]
    if np.isnan(ends).any():
        return 0.0
    before, after = ((high - low) / _P10_TO_P90 for low, high in (ends[:2], ends[2:]))
    return float(_Z * _MEDIAN_OF_20 * np.hypot(before, after))
