"""Runs on disk -> the pandas table. Reading needs neither torch nor the operators that were measured."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from bench.attempt import Attempt
from bench.column import SCHEMA_VERSION
from bench.errors import UsageError
from bench.stats.pace import CASE_TO_PACE, mood_sd
from bench.store.journal import read_journal
from bench.store.run import Run, open_run, write_whole
from bench.table.combine import combine, use_of
from bench.table.derive import CaseRound, Pace, case_rounds, paces

__all__ = ["load", "load_rounds", "load_runs", "write_records"]

_ADDED = ("group", "family", "label")


def load(path: str | Path) -> pd.DataFrame:
    """Gives the table of a run, or of all runs in a folder: one row a case, columns as `bench.column` describes.

    Args:
        path: of a run's folder, or of a folder of runs.

    Raises:
        UsageError: there is no run, or its table was written by a later `bench`.
    """
    tables = [_load_run(run) for run in load_runs(path)]
    return pd.concat(tables, ignore_index=True)


def load_rounds(path: str | Path) -> pd.DataFrame:
    """Gives what each round said of each case.

    Returns:
        Columns ``run case_hash group round started_s latency_s pace_s log_ratio mood_sd``: `started_s` counts from
        the run's beginning; `latency_s` is corrected by the round's pace, in seconds; `log_ratio` is the natural
        logarithm of the ratio to the baseline; `mood_sd`, the same in all rounds of a case, is the standard deviation
        of their median that rounds do not show.
    """
    frames = [_run_rounds(run) for run in load_runs(path)]
    return pd.concat(frames, ignore_index=True)


def load_runs(path: str | Path) -> list[Run]:
    """Gives the runs at a path, oldest first.

    Raises:
        UsageError: there is none.
    """
    folder = Path(path)
    if (folder / "run.json").is_file():
        return [open_run(folder)]
    found = sorted(folder.glob("*/run.json")) if folder.is_dir() else []
    if not found:
        raise UsageError(str(path), "holds no run", "a run's folder, or a folder of runs such as results/")
    return sorted((open_run(file.parent) for file in found), key=lambda run: str(run.info.get("started_utc")))


def write_records(run: Run) -> pd.DataFrame:
    """Puts a run's attempts together and writes `records.parquet`, whole or not at all; gives the table."""
    paced = {use: pace.reference_s for use, pace in _paces(run).items() if not math.isnan(pace.reference_s)}
    run.save(paces_s=paced)
    table = _from_journal(run)
    write_whole(run.records, lambda temporary: table.to_parquet(temporary, index=False))
    return table


def _load_run(run: Run) -> pd.DataFrame:
    if run.info.get("schema", 0) > SCHEMA_VERSION:
        found = f"was written by a later bench (schema {run.info['schema']}, this one reads {SCHEMA_VERSION})"
        raise UsageError(str(run.path), found, "upgrade bench")
    fresh = run.records.is_file() and run.records.stat().st_mtime_ns >= run.journal.stat().st_mtime_ns
    fresh = fresh and run.info.get("schema") == SCHEMA_VERSION  # an earlier bench put records together otherwise
    table = pd.read_parquet(run.records) if fresh else _from_journal(run)
    return table.assign(run=pd.array([run.name] * len(table), dtype="string"))  # of the folder, which may be a copy


def _from_journal(run: Run) -> pd.DataFrame:
    records = combine(run.info, _attempts(run))
    columns = run.info["columns"]
    table = pd.DataFrame.from_records(records)
    table = table.reindex(columns=[column["name"] for column in columns] + list(_ADDED))
    for column in columns:
        table[column["name"]] = _typed(table[column["name"]], column["kind"])
    return table


def _attempts(run: Run) -> tuple[Attempt, ...]:
    """Gives a run's attempts; a line of the journal that had to be left out is warned of."""
    reading = read_journal(run.journal)
    for fault in reading.faults:
        warnings.warn(fault, stacklevel=2)
    return reading.attempts


def _typed(values: pd.Series[Any], kind: str) -> pd.Series[Any]:
    if kind == "number":
        return pd.to_numeric(values).astype("float64")
    if kind == "flag":
        return values.astype("boolean")
    return values.astype("string")


def _rounds(run: Run) -> tuple[dict[str, list[CaseRound]], dict[str, str]]:
    planned = run.info["cases"]
    uses = {row["case_hash"]: use_of(row) for row in planned}
    baselines = {row["case_hash"]: row["baseline_hash"] for row in planned}
    rounds = case_rounds(_attempts(run), baselines)
    return {name: of_case for name, of_case in rounds.items() if name in uses}, uses


def _paces(run: Run) -> dict[str, Pace]:
    rounds, uses = _rounds(run)
    return paces(rounds, uses, run.info.get("earlier_paces_s", {}))


def _run_rounds(run: Run) -> pd.DataFrame:
    rounds, uses = _rounds(run)
    known = _paces(run)
    moods = {
        name: mood_sd(CASE_TO_PACE * known[uses[name]].drift_sd, (one.attempt.started_s for one in of_case))
        for name, of_case in rounds.items()
    }
    rows = [
        {
            "run": run.name,
            "case_hash": name,
            "group": one.group,
            "round": one.round,
            "started_s": one.attempt.started_s,
            "latency_s": one.latency_s * known[uses[name]].reference_s / one.pace_s,
            "pace_s": one.pace_s,
            "log_ratio": one.log_ratio,
            "mood_sd": moods[name],
        }
        for name, of_case in rounds.items()
        for one in of_case
    ]
    # Typed by name: of a run without rounds, columns of no type would spoil those of the runs beside it.
    kinds = dict.fromkeys(("run", "case_hash", "group"), "str") | {"round": "int64"}
    kinds |= dict.fromkeys(("started_s", "latency_s", "pace_s", "log_ratio", "mood_sd"), "float64")
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
