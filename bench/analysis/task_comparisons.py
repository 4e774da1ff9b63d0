"""What low rank does to a task beside its baseline: how well it is done, and how willingly it is learnt.

Goes in: prepared cases. Comes out: comparisons (`comparison.COLUMNS`) of the claims `as accurate` and `harder to
train`, and what a reader must know beside them (`task_notes`). Which cases did one task in one way, and what counts
as done as well, is said in `applications`; at which learning rate a case still trains, in `learning_rates`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.applications import (
    gain,
    sign,
    surely_better,
    task_contexts,
    task_rows,
    tolerance,
    trivial_clause,
    usual_rate,
)
from bench.analysis.comparison import (
    HOW_LONG,
    NOTHING,
    RATE_EDGE,
    Triple,
    baseline_of,
    cases_by_name,
    comparison,
    known,
    one_seed,
    rivals,
)
from bench.analysis.learning_rates import ENDED, largest_rates
from bench.analysis.series import series_columns
from bench.analysis.verdict import TRIVIAL
from bench.attempt import FAILURES
from bench.table.tasks import curve_points

__all__ = ["steps_to_learn", "task_comparisons", "task_notes"]

_ROUNDED = 1.1  # usual grids have 3 for the root of 10
_LEARNT = 0.9  # of what a case gains in all: then it has learnt what it will
_Named = Mapping[tuple[str, str], "pd.Series[Any]"]


def task_comparisons(cases: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yields every comparison of tasks that the table has.

    Args:
        cases: of `comparison.prepare`.
    """
    named, done = cases_by_name(cases), task_rows(cases, "forward")
    for _, row in rivals(usual_rate(done)).iterrows():
        base = baseline_of(row, named)
        if base is not None:
            yield from _accuracy(row, base)
            yield from _steps(row, base)
    trained = done[done[HOW_LONG].notna().any(axis=1)]
    for _, members in task_contexts(trained, without=("learning_rate",)):
        for _, line in rivals(members).groupby([*series_columns(members), "layer"], dropna=False, sort=False):
            yield from _diverged(line, named)
            yield from _learning_rates(line, members[members["case_id"] == members["baseline"]])


def steps_to_learn(curve: str, way: float) -> float:
    """Gives the step at which nine tenths of a learning curve's whole gain are reached, between two points on a line.

    NaN where it gains nothing.

    Args:
        curve: of the column `task_curve`.
        way: 1 where a higher value is better, -1 where a lower one is.
    """
    points = curve_points(curve)
    if len(points) < 2:
        return math.nan
    gained = (points[:, 2] - points[0, 2]) * way
    if not gained[-1] > 0:
        return math.nan
    goal = _LEARNT * gained[-1]
    at = int(np.argmax(gained >= goal))  # never the first point, where nothing is gained yet
    before, after = points[at - 1, 0], points[at, 0]
    return float(before + (after - before) * (goal - gained[at - 1]) / (gained[at] - gained[at - 1]))


def task_notes(cases: pd.DataFrame) -> dict[str, list[str]]:
    """Gives, for each modality, where something without attention does a task as well: a reader must know.

    Args:
        cases: of `comparison.prepare`.

    Returns:
        Modality -> phrases without ``; ``.
    """
    notes: dict[str, dict[str, None]] = {}  # of each text the first
    done = usual_rate(task_rows(cases, "forward"))
    for _, row in done[done["task_value"].notna()].iterrows():
        place = f"{row['task']} by {row['model']}" if known(row["model"]) else str(row["task"])
        told = notes.setdefault(str(row["modality"]), {})
        if row["case_id"] == row["baseline"] and (clause := trivial_clause(row)):
            told[f"on {place}, beside {row['task_value']:.3g} of {row['label']}, {clause.replace('; ', ', ')}"] = None
        if row["operator"] == TRIVIAL and known(row["task_difference"]) and gain(row).low >= -tolerance(row):
            told[f"averaging alone does {place} as well as exact attention, {row['task_value']:.3g}"] = None
    return {modality: list(found) for modality, found in notes.items()}


def _accuracy(row: pd.Series[Any], base: pd.Series[Any]) -> Iterator[dict[str, Any]]:
    """Compares how well a task is done; a case of which every seed diverges, its baseline's not, has lost it.

    Where the baseline itself is not surely better than the majority, to be as good as it means nothing; where one
    seed was trained, another may say something else.
    """
    if known(row["seconds"]):
        measure = "after equal time"
    else:
        measure = "after equal steps" if row[HOW_LONG].notna().any() else "without training"
    if lost := _without_value(row, base):
        yield comparison(measure, row, NOTHING, why_not=lost)
        return
    if not known(base["task_value"]) or not (known(row["task_difference"]) or row["task_status"] == "diverged"):
        return  # not measured, which the report tells where it tells what was planned
    learnt = not known(base["task_majority"]) or surely_better(base, float(base["task_majority"]))
    why_not = one_seed(row) if learnt else "its baseline is no better than the majority"
    metric = str(base["task_metric"]).replace("_", " ")
    unit = {"unit": f"{metric} - baseline" if sign(base) > 0 else f"baseline - {metric}"}
    if row["task_status"] == "diverged":
        all_of_them = _share_diverged(row) == 1
        judged = (-math.inf, -math.inf, -math.inf) if all_of_them else NOTHING
        yield comparison(measure, row, judged, exact=all_of_them, told=NOTHING, why_not=why_not) | unit
    else:
        won = gain(row)
        judged = (won.centre, won.low, won.high)
        yield comparison(measure, row, judged, why_not=why_not) | unit | {"edge": -tolerance(row)}


def _without_value(row: pd.Series[Any], base: pd.Series[Any]) -> str:
    """Gives which side's task failed, so that nothing can be compared; nothing where none did."""
    if str(row["task_status"]) in FAILURES:
        return f"its task failed: {row['task_status']}"
    if str(base["task_status"]) in (*FAILURES, "diverged"):
        return f"its baseline has no value: {base['task_status']}"
    return ""


def _steps(row: pd.Series[Any], base: pd.Series[Any]) -> Iterator[dict[str, Any]]:
    """Compares how many steps each needs to learn what it will; of a mean curve there is no interval."""
    if known(row["task_curve"]) and known(base["task_curve"]):
        own, other = (steps_to_learn(str(each["task_curve"]), sign(base)) for each in (row, base))
        if known(own) and known(other):
            yield comparison("steps to learn", row, (own / other, math.nan, math.nan))


def _diverged(line: pd.DataFrame, named: _Named) -> Iterator[dict[str, Any]]:
    """Compares the share of seeds that diverge, in the mean of the learning rates that both sides tried.

    It decides where all seeds of one side do and none of the other; any other share of a few seeds is told only.
    """
    found = []
    for _, row in line.iterrows():
        base = baseline_of(row, named)
        share, other = (math.nan if each is None else _share_diverged(each) for each in (row, base))
        found.append(share - other)
    if known(mean := pd.Series(found, dtype=float).mean()):
        decides = abs(mean) == 1
        judged = (mean, mean, mean) if decides else (mean, math.nan, math.nan)
        yield comparison("diverged seeds", line.iloc[-1], judged, exact=decides, line=line)


def _share_diverged(row: pd.Series[Any]) -> float:
    """Gives diverged over tried seeds; NaN where none came to its end or diverged."""
    tried = row["task_diverged"] + row["task_seeds"]
    return float(row["task_diverged"] / tried) if tried > 0 else math.nan


def _learning_rates(line: pd.DataFrame, base: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Compares the largest learning rates that train, among those at which both sides came to an end or diverged.

    Sure where the grid tells on which side of `RATE_EDGE` their ratio lies: as large, or two steps smaller.
    """
    line, base = (side[side["task_status"].isin(ENDED) & side["learning_rate"].notna()] for side in (line, base))
    rates = sorted(set(line["learning_rate"]) & set(base["learning_rate"]))
    both = pd.concat([line, base])
    found = largest_rates(both[both["learning_rate"].isin(rates)])
    if len(found) < 2:
        return  # fewer than two rates
    largest = found.set_index(found["is_baseline"].astype(bool))["learning_rate"]
    ratio, told = _rate_ratio(float(largest[False]), float(largest[True]), rates)
    if known(ratio):
        _, low, high = told
        sure = not known(low) or low >= RATE_EDGE / _ROUNDED or high <= RATE_EDGE * _ROUNDED
        judged = (ratio, ratio, ratio) if sure else (ratio, math.nan, math.nan)
        yield comparison("learning rate", line.iloc[-1], judged, exact=sure, told=told, line=line)


def _rate_ratio(own: float, other: float, rates: list[float]) -> tuple[float, Triple]:
    """Gives the ratio of the largest learning rates: 0 or infinite where one side trains at none, NaN where neither.

    And what is told of it: its ends come from the grid, since the true largest rate lies between the last that trains
    and the next one; an end is 0 or infinite where the largest that was tried trains.
    """
    if math.isnan(own) and math.isnan(other):
        return math.nan, NOTHING
    if math.isnan(own) or math.isnan(other):
        return (0.0 if math.isnan(own) else math.inf), NOTHING
    after = dict(zip(rates, [*rates[1:], math.inf], strict=True))
    return own / other, (own / other, own / after[other], after[own] / other)
