"""A table of many runs -> the series of each case over time, and where it changes its level.

A series is one case (by its hash), on one machine, with one version of torch: what is not alike is never mixed. A run
in which the case failed is a mark in its series, never a number. Nothing is said of a series that is too short.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.applications import sign
from bench.analysis.changepoint import FEWEST_RUNS, change_points, half_width, levels, memory, scatter
from bench.attempt import NOT_TRIED
from bench.errors import UsageError, nearest

__all__ = ["DEFAULT_METRIC", "STATES", "History", "Step", "commit_text", "histories", "metrics"]

DEFAULT_METRIC = "latency_ratio"
"""Both sides of a ratio were alive together, so a slower or busier machine does not look like a slower tree."""

STATES = ("changed", "steady", "too_few_runs")
"""What can be said of a series."""

_ENDS = {
    "latency_ratio": ("latency_ratio_ci_low", "latency_ratio_ci_high"),
    "latency_median_s": ("latency_ci_low_s", "latency_ci_high_s"),
    "task_accuracy": ("task_accuracy_ci_low", "task_accuracy_ci_high"),
    "task_value": ("task_value_ci_low", "task_value_ci_high"),
}
_OF_A_TASK = "task_value"
_DONE = ("ok", "throttled")
_SPLIT = ["case_hash", "machine", "torch"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of level."""

    row: int
    """Position, among the series' runs, of the first run of the new level."""
    ratio: float
    """New level over old level."""
    half_width: float
    """Half the relative width of that ratio's 95 % interval."""
    before: float
    """The old level: the median of its runs, in the metric's unit."""
    after: float
    """The new level."""
    run_before: str
    """The last run of the old level that has a value."""
    run_after: str
    """The first of the new one."""
    commit_before: str | None
    commit_after: str | None
    started_utc: str
    """When the first run of the new level began."""
    also: tuple[str, ...]
    """What else is not alike in these two runs: packages, kernel, settings of the machine."""
    worse: bool
    """Whether it went the bad way."""

    @property
    def same_commit(self) -> bool:
        """Whether both runs measured the same tree, so that not the tree has changed."""
        return self.commit_before is not None and self.commit_before == self.commit_after


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The series of one case on one machine with one version of torch."""

    case_id: str
    case_hash: str
    operator: str
    machine: str
    torch: str
    metric: str
    state: str
    """One of `STATES`."""
    runs: pd.DataFrame
    """In the order of time: ``run started_utc commit value low high status reason level``; `value` is NaN where the
    case has none, `level` is the median of the runs between two steps."""
    steps: tuple[Step, ...] = ()
    scatter: float = math.nan
    """Relative standard deviation of a run about its level; NaN where the runs are too few."""

    @property
    def valued(self) -> int:
        """How many runs have a value."""
        return int(self.runs["value"].notna().sum())

    @property
    def failed(self) -> dict[str, int]:
        """Status -> in how many runs the case ended so instead of with a value."""
        return {
            str(status): int(count)
            for status, count in self.runs[~self.runs["done"]]["status"].value_counts().items()
        }

    @property
    def largest(self) -> float:
        """Size of the largest step, on the log scale; 0 without steps."""
        return max((abs(math.log(step.ratio)) for step in self.steps), default=0.0)


def metrics(table: pd.DataFrame, infos: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Gives the columns of a table that are numbers with a good and a bad way.

    Returns:
        Name -> `lower` or `higher`; of `task_value` empty, since the task of each case has a way of its own.
    """
    declared = {column["name"]: column["better"] for info in infos.values() for column in info["columns"]}
    return {name: better for name, better in declared.items() if (better or name == _OF_A_TASK) and name in table}


def histories(
    table: pd.DataFrame,
    infos: Mapping[str, Mapping[str, Any]],
    *,
    metric: str = DEFAULT_METRIC,
    margin: float = 0.02,
    wanted: pd.Index | None = None,
) -> list[History]:
    """Gives the series, those with the largest steps first, the others in the table's order.

    Args:
        table: one row a case and run, of `bench.load` on a folder of runs.
        infos: run -> what its `run.json` holds.
        metric: a column of `metrics`.
        margin: 0.02 leaves out steps of less than 2 %.
        wanted: labels of the rows that are shown; absent: all. The memory of the noise is taken from all of them.

    Raises:
        UsageError: no such metric.
    """
    known = metrics(table, infos)
    if metric not in known:
        raise UsageError("--metric", f"{metric!r} is no metric of these runs", nearest(metric, known))
    work = table.assign(torch=table["run"].map(lambda run: infos[run]["versions"]["torch"]))
    if metric.startswith("task_"):  # has a status of its own, and only what has a task has one
        work = work.assign(status=work["task_status"], reason=work["task_reason"]).dropna(subset="status")
    work = work.sort_values(["started_utc", "run"], kind="stable")
    found: list[History] = []
    for _, of_place in work.groupby(["machine", "torch"], sort=False):
        series = {case_hash: rows for case_hash, rows in of_place.groupby("case_hash", sort=False) if _tried(rows)}
        shared = memory([_logs(rows, metric) for rows in series.values()])
        for rows in series.values():
            shown = rows if wanted is None else rows[rows.index.isin(wanted)]
            if len(shown):
                found.append(_history(shown, infos, metric, known[metric] or _better(shown), margin, shared))
    return sorted(found, key=lambda each: -each.largest)


def commit_text(commit: str | None) -> str:
    """Gives a commit as people write it: seven digits, and whether the tree had changes."""
    if not commit or pd.isna(commit):
        return "no commit"
    digits, _, dirty = commit.partition("-")
    return digits[:7] + (f"-{dirty}" if dirty else "")


def _better(rows: pd.DataFrame) -> str:
    """Gives which way is better by the metric of a case's task."""
    return "higher" if any(sign(row) > 0 for _, row in rows.iterrows()) else "lower"


def _tried(rows: pd.DataFrame) -> bool:
    return bool((~rows["status"].isin(NOT_TRIED)).any())


def _values(rows: pd.DataFrame, metric: str) -> pd.Series[float]:
    """Gives the values of runs in which the case was done; logarithms are taken, so 0 and below count as absent."""
    values = pd.to_numeric(rows[metric]).astype("float64")
    return values.where(rows["status"].isin(_DONE) & (values > 0))


def _logs(rows: pd.DataFrame, metric: str) -> np.ndarray:
    return np.log(_values(rows, metric).dropna().to_numpy())


def _history(
    rows: pd.DataFrame,
    infos: Mapping[str, Mapping[str, Any]],
    metric: str,
    better: str,
    margin: float,
    shared: float,
) -> History:
    values = _values(rows, metric)
    absent = pd.Series(math.nan, rows.index)
    low, high = (rows.get(name, absent) for name in _ENDS.get(metric, ("", "")))
    runs = rows[["run", "started_utc", "commit", "status", "reason"]].assign(
        value=values, low=low.where(values.notna()), high=high.where(values.notna()), done=rows["status"].isin(_DONE)
    )
    runs = runs.reset_index(drop=True)
    last = rows.iloc[-1]
    names: dict[str, Any] = {name: str(last[name]) for name in ("case_id", "operator", *_SPLIT)}
    logs = _logs(rows, metric)
    if len(logs) < FEWEST_RUNS:
        return History(**names, metric=metric, state="too_few_runs", runs=runs.assign(level=math.nan))
    places = change_points(logs, memory=shared, margin=margin)
    rows_of = np.flatnonzero(runs["value"].notna())
    middles = levels(logs, places)
    runs["level"] = _level_of_each(runs, rows_of, places, middles)
    noise = scatter(logs)
    steps = tuple(
        _step(runs, infos, rows_of[place - 1], rows_of[place], ends=(old, new), width=width, better=better)
        for place, old, new, width in zip(
            places, middles, middles[1:], _widths(len(logs), places, noise, shared), strict=False
        )
    )
    state = "changed" if steps else "steady"
    return History(**names, metric=metric, state=state, runs=runs, steps=steps, scatter=math.expm1(noise))


def _level_of_each(
    runs: pd.DataFrame, rows_of: np.ndarray, places: list[int], middles: list[float]
) -> pd.Series[float]:
    """Gives the level at each run; a run without a value has that of the run before it."""
    level = pd.Series(math.nan, runs.index)
    for rows, middle in zip(np.split(rows_of, places), middles, strict=True):
        level.iloc[rows] = math.exp(middle)
    return level.ffill().bfill()


def _widths(count: int, places: list[int], noise: float, shared: float) -> Iterator[float]:
    lengths = np.diff([0, *places, count])
    for before, after in itertools.pairwise(lengths):
        yield half_width(int(before), int(after), scatter=noise, memory=shared)


def _step(
    runs: pd.DataFrame,
    infos: Mapping[str, Mapping[str, Any]],
    last: int,
    first: int,
    *,
    ends: tuple[float, float],
    width: float,
    better: str,
) -> Step:
    before, after = runs.iloc[last], runs.iloc[first]
    ratio = math.exp(ends[1] - ends[0])
    return Step(
        row=int(first),
        ratio=ratio,
        half_width=math.expm1(width),
        before=math.exp(ends[0]),
        after=math.exp(ends[1]),
        run_before=str(before["run"]),
        run_after=str(after["run"]),
        commit_before=None if pd.isna(before["commit"]) else str(before["commit"]),
        commit_after=None if pd.isna(after["commit"]) else str(after["commit"]),
        started_utc=str(after["started_utc"]),
        also=tuple(_differences(infos[str(before["run"])], infos[str(after["run"])])),
        worse=(ratio > 1) == (better == "lower"),
    )


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yields what differs between the environments of two runs: ``kernel 6.1 -> 6.8``."""
    for part in ("versions", "machine"):
        old, new = before.get(part, {}), after.get(part, {})
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name) and not name.endswith("_bytes"):
                yield f"{name} {old.get(name, 'absent')} -> {new.get(name, 'absent')}"
