"""The largest learning rate at which a network still trains, operator by operator: how hard it is to train.

Goes in: the table. Comes out: a row for each line of cases that differ in learning rate alone, and a finding for each
task that was done at several. An answer at the largest rate that was tried is a lower bound and is told as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.applications import sign, surely_better, task_contexts, task_rows
from bench.analysis.finding import Finding
from bench.analysis.series import series_columns, series_label

__all__ = ["ENDED", "largest_rates", "learning_rate_findings", "trains"]

ENDED = ("ok", "diverged", "nan")
"""A rate that was skipped, or ran out of memory, says nothing of rates."""

_HALF_WAY = 0.5  # from the start to the baseline's best: less is no training, more would be tuning
_COLUMNS = (
    *("context", "series", "operator", "is_baseline", "learning_rate", "smallest", "largest", "beyond"),
    *("values", "case_ids"),
)


def largest_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Gives, for each line of cases that differ in their learning rate alone, the largest at which it trains.

    What it means that one trains is said by `trains`: all of a context are asked for the same value, half way to the
    best of its baseline, or where there is none each to its own. Only rates at which a case came to an end, or gave
    numbers that are not finite, count.

    Args:
        table: one row a case.

    Returns:
        Columns ``context series operator is_baseline learning_rate smallest largest beyond values case_ids``:
        `learning_rate` is NaN where none trains; `smallest` and `largest` are what was tried; `beyond` is whether a
        larger one was tried; `values` tells what was reached at each; `case_ids` are joined by ``; ``.
    """
    rows = task_rows(table, "forward")
    if "learning_rate" not in rows:
        return pd.DataFrame(columns=list(_COLUMNS))
    rows = rows[rows["learning_rate"].notna() & rows["task_status"].isin(ENDED)]
    found: list[dict[str, Any]] = []
    for where, members in task_contexts(rows, without=("learning_rate",)):
        base = members[members["case_id"] == members["baseline"]]
        for _, line in members.groupby(series_columns(members), dropna=False, sort=False):
            if line["learning_rate"].nunique() > 1:
                beside = base if len(base) else line
                found.append({"context": where, **_answer(line.sort_values("learning_rate"), beside)})
    return pd.DataFrame(found, columns=list(_COLUMNS))


def learning_rate_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each task that was done at several learning rates, the largest that trains each operator.

    Args:
        table: one row a case.
    """
    for where, lines in largest_rates(table).groupby("context", sort=False):
        ordered = lines.sort_values("learning_rate", ascending=False, na_position="last", kind="stable")
        told = [f"{row['series']} {_rate(row)}" for _, row in ordered.iterrows()]
        details = [f"{row['series']}: {row['values']}." for _, row in ordered.iterrows()]
        numbers = {"lines": len(lines), "trained": int(lines["learning_rate"].notna().sum())}
        base = lines[lines["is_baseline"] & lines["learning_rate"].notna()]
        if len(base):
            others = lines[~lines["is_baseline"]]
            smaller = others["beyond"] & (others["learning_rate"] < base["learning_rate"].iloc[0])
            nowhere = int(others["learning_rate"].isna().sum())
            numbers |= {"smaller_than_baseline": int(smaller.sum())}
            summed = [f"{smaller.sum()} of {len(others)} need a smaller one than {base['series'].iloc[0]}"]
            summed += [f"{nowhere} get half as far at none"] if nowhere else []
            if base["learning_rate"].iloc[0] == base["smallest"].iloc[0]:
                details.insert(0, "No smaller one was tried than the baseline's: who needs one cannot be told.")
            details.insert(0, f"{', '.join(summed)}.")
        headline = f"Largest learning rate that trains: {', '.join(told)}."
        yield Finding("task", str(where), headline, tuple(details), numbers)


def trains(line: pd.DataFrame, beside: pd.DataFrame) -> pd.Series[bool]:
    """Gives, row by row, whether a network trains.

    It does where it gets at least half way from the start (the value before training or, of networks that are drawn,
    the majority baseline) to the best value of `beside`, no seed diverging. None does where that best value is not
    surely better than the start.

    Args:
        line: cases that differ in their learning rate alone.
        beside: such cases of the baseline; the same ones where there is no other.
    """
    nowhere = pd.Series(False, index=line.index)
    valued = beside[beside["task_value"].notna()]
    if valued.empty:
        return nowhere
    way = sign(valued.iloc[0])
    best = valued.iloc[int((way * valued["task_value"].astype(float)).argmax())]
    start = _start(best)
    if np.isnan(start) or not surely_better(best, start):
        return nowhere
    half_way = start + _HALF_WAY * (float(best["task_value"]) - start)
    reached: pd.Series[bool] = way * line["task_value"].astype(float) >= way * half_way  # of no value: false
    return reached


def _answer(line: pd.DataFrame, beside: pd.DataFrame) -> dict[str, Any]:
    rates = line["learning_rate"].astype(float)
    good = rates[trains(line, beside)]
    largest = float(good.max()) if len(good) else np.nan
    first = line.iloc[0]
    return {
        "series": series_label(first),
        "operator": first["operator"],
        "is_baseline": bool(first["case_id"] == first["baseline"]),
        "learning_rate": largest,
        "smallest": float(rates.min()),
        "largest": float(rates.max()),
        "beyond": bool(largest < rates.max()),
        "values": ", ".join(_reached(row) for _, row in line.iterrows()),
        "case_ids": "; ".join(line["case_id"].astype(str)),
    }


def _start(row: pd.Series[Any]) -> float:
    for column in ("task_value_before", "task_majority"):
        if column in row and not pd.isna(row[column]):
            return float(row[column])
    return float("nan")


def _rate(row: pd.Series[Any]) -> str:
    if np.isnan(row["learning_rate"]):
        return "none"
    return f"{row['learning_rate']:g}" if row["beyond"] else f"{row['learning_rate']:g} or more"


def _reached(row: pd.Series[Any]) -> str:
    value = str(row["task_status"]) if pd.isna(row["task_value"]) else f"{row['task_value']:.3g}"
    return f"{value} at {row['learning_rate']:g}"
