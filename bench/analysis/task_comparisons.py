"""What low rank does to a task beside its baseline: how well it is done, and how willingly it is learnt.

Goes in: prepared cases. Comes out: comparisons (`comparison.COLUMNS`) of the claims `as accurate` and `harder to
train`, and what a reader must know beside them (`task_notes`). Which cases did one task in one way, and what counts
as done as well, is said in `applications`; at which learning rate a case still trains, in `learning_rates`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.applications import (
    gain,
    sign,
    spoiled,
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
    SPOILED,
    Named,
    Triple,
    baseline_of,
    cases_by_name,
    comparison,
    in_one_layer,
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
_LEARNT = 0.9  # of what the baseline gains in all
_LOST = frozenset({"diverged", "nan"})  # its numbers are not finite: in training, or on test samples


def task_comparisons(cases: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yields every comparison of tasks that the table has.

    Args:
        cases: of `comparison.prepare`.
    """
    named, done = cases_by_name(cases), task_rows(cases, "forward")
    judged = usual_rate(done)
    averaged = {_task_of(row) for _, row in judged.iterrows() if _averaging_does(row)}
    for _, row in rivals(judged).iterrows():
        base = baseline_of(row, named)
        if base is not None:
            hollow = "averaging alone does it as well" if _task_of(row) in averaged else ""
            yield from _accuracy(row, base, hollow)
            yield from _steps(row, base)
    trained = done[done[HOW_LONG].notna().any(axis=1)]
    for _, members in task_contexts(trained, without=("learning_rate",)):
        for _, line in rivals(members).groupby(series_columns(members), dropna=False, sort=False):
            yield from _diverged(line, named)
            yield from _learning_rates(line, members[members["case_id"] == members["baseline"]])


def steps_to_learn(curve: str, beside: str, way: float) -> float:
    """Gives the step at which a learning curve has nine tenths of what another gains, between two points on a line.

    NaN where it never does, and where the other gains nothing.

    Args:
        curve: of the column `task_curve`.
        beside: that of its baseline: both are asked for the same value.
        way: 1 where a higher value is better, -1 where a lower one is.
    """
    points, others = curve_points(curve), curve_points(beside)
    if len(points) < 2 or len(others) < 2 or not (others[-1, 2] - others[0, 2]) * way > 0:
        return math.nan
    values = points[:, 2] * way
    goal = (others[0, 2] + _LEARNT * (others[-1, 2] - others[0, 2])) * way
    if values[0] >= goal or not (values >= goal).any():
        return math.nan
    at = int(np.argmax(values >= goal))
    before, after = points[at - 1, 0], points[at, 0]
    return float(before + (after - before) * (goal - values[at - 1]) / (values[at] - values[at - 1]))


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
        if _averaging_does(row):
            told[f"averaging alone does {place} as well as exact attention, {row['task_value']:.3g}"] = None
    return {modality: list(found) for modality, found in notes.items()}


def _task_of(row: pd.Series[Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("run", "task", "application", "model", "layers", "seq_len"))


def _averaging_does(row: pd.Series[Any]) -> bool:
    """Gives whether a case only averages and is surely as accurate: then attention is not what is asked for."""
    averages = row["operator"] == TRIVIAL and not in_one_layer(row) and known(row["task_difference"])
    return bool(averages and gain(row).low >= -tolerance(row))


def _accuracy(row: pd.Series[Any], base: pd.Series[Any], hollow: str) -> Iterator[dict[str, Any]]:
    """Compares how well a task is done; a case of which no seed gives finite numbers, its baseline's do, has lost it.

    Where the baseline itself is not surely better than the majority, or was better before training, to be as good as
    it means nothing, nor where averaging does as well; where one seed was trained, another may say something else.

    Args:
        row: the case.
        base: its baseline.
        hollow: why no accuracy on this task counts; empty where it does.
    """
    if known(row["seconds"]):
        measure = "after equal time"
    else:
        measure = "after equal steps" if row[HOW_LONG].notna().any() else "without training"
    if failed := _without_value(row, base):
        yield comparison(measure, row, NOTHING, why_not=failed)
        return
    lost = row["task_status"] in _LOST
    if not known(base["task_value"]) or not (known(row["task_difference"]) or lost):
        return  # not measured, which the report tells where it tells what was planned
    learnt = not known(base["task_majority"]) or surely_better(base, float(base["task_majority"]))
    why_not = SPOILED if spoiled(base) else "" if learnt else "its baseline is no better than the majority"
    why_not = in_one_layer(row) or why_not or hollow or one_seed(row)
    metric = str(base["task_metric"]).replace("_", " ")
    unit = {"unit": f"{metric} - baseline" if sign(base) > 0 else f"baseline - {metric}"}
    if lost:
        all_of_them = not row["task_seeds"] > 0  # absent: its first pass ended so, and no seed was tried
        judged = (-math.inf, -math.inf, -math.inf) if all_of_them else NOTHING
        yield comparison(measure, row, judged, exact=all_of_them, told=NOTHING, why_not=why_not) | unit
    else:
        won = gain(row)
        judged = (won.centre, won.low, won.high)
        yield comparison(measure, row, judged, why_not=why_not) | unit | {"edge": -tolerance(row)}


def _without_value(row: pd.Series[Any], base: pd.Series[Any]) -> str:
    """Gives which side's task failed, so that nothing can be compared; nothing where none did."""
    if row["task_status"] in FAILURES - _LOST:
        return f"its task failed: {row['task_status']}"
    if base["task_status"] in FAILURES | _LOST:
        return f"its baseline has no value: {base['task_status']}"
    return ""


def _steps(row: pd.Series[Any], base: pd.Series[Any]) -> Iterator[dict[str, Any]]:
    """Compares how many steps each needs to learn what the baseline does; of a mean curve there is no interval.

    Not where both had equal time, in which whoever is faster also goes through its learning rates in more steps, nor
    where they start from other values, as after a swap.
    """
    alike = not known(row["seconds"]) and not known(row["recover_steps"])
    if alike and known(row["task_curve"]) and known(base["task_curve"]):
        curve = str(base["task_curve"])
        own, other = (steps_to_learn(str(each["task_curve"]), curve, sign(base)) for each in (row, base))
        if known(own) and known(other):
            yield comparison("steps to learn", row, (own / other, math.nan, math.nan))


def _diverged(line: pd.DataFrame, named: Named) -> Iterator[dict[str, Any]]:
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
        yield comparison("diverged seeds", line.iloc[-1], judged, exact=decides, why_not=_one_of(line), line=line)


def _share_diverged(row: pd.Series[Any]) -> float:
    """Gives diverged over tried seeds; NaN where none came to its end or diverged."""
    tried = row["task_diverged"] + row["task_seeds"]
    return float(row["task_diverged"] / tried) if tried > 0 else math.nan


def _learning_rates(line: pd.DataFrame, base: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Compares the largest learning rates that train, among those at which both sides came to an end or diverged.

    Sure where the grid tells on which side of `RATE_EDGE` their ratio lies: as large, or two steps smaller. Where one
    side gets as far at no rate, that is a matter of accuracy, and none of rates.
    """
    line, base = (side[side["task_status"].isin(ENDED) & side["learning_rate"].notna()] for side in (line, base))
    rates = sorted(set(line["learning_rate"]) & set(base["learning_rate"]))
    both = pd.concat([line, base])
    both = both[both["learning_rate"].isin(rates)]
    found = largest_rates(both)
    if len(found) < 2:
        return  # fewer than two rates
    largest = found.set_index(found["is_baseline"].astype(bool))["learning_rate"]
    own, other = float(largest[False]), float(largest[True])
    if not known(other) or not known(own):
        why_not = "gets half as far as its baseline at no rate" if known(other) else "its baseline trains at no rate"
        if other == rates[0]:
            why_not += " and none smaller than the baseline's was tried"
        yield comparison("learning rate", line.iloc[-1], NOTHING, why_not=why_not, line=line)
        return
    told = _rate_ratio(own, other, rates)
    ratio, low, high = told
    sure = low >= RATE_EDGE / _ROUNDED or high <= RATE_EDGE * _ROUNDED
    judged = (ratio, ratio, ratio) if sure else (ratio, math.nan, math.nan)
    yield comparison("learning rate", line.iloc[-1], judged, exact=sure, told=told, why_not=_one_of(both), line=line)


def _one_of(rows: pd.DataFrame) -> str:
    """Gives why cases say nothing of others: one layer, or in one of them one seed; empty where they do."""
    reasons = (in_one_layer(row) or one_seed(row) for _, row in rows.iterrows())
    return next(filter(None, reasons), "")


def _rate_ratio(own: float, other: float, rates: list[float]) -> Triple:
    """Gives the ratio of the largest learning rates, and its ends, which come from the grid.

    The true largest rate lies between the last that trains and the next one; an end is 0 or infinite where the
    largest that was tried trains.
    """
    after = dict(zip(rates, [*rates[1:], math.inf], strict=True))
    return own / other, own / after[other], after[own] / other
