"""A run's cases as people read them in a table: the groups, a row a case, in the words of their units.

Goes in: the table and `run.json`. Comes out: plain text, not yet escaped for any format. A failed case has its status
where its latency would be, and stands last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bench.analysis.errors import error_texts
from bench.analysis.scaling import peak_bytes
from bench.analysis.series import measured, series_label
from bench.report.exports._text import one_line
from bench.units import bytes_text, ratio_text, seconds_text

__all__ = ["HEADINGS", "Group", "groups", "reasons", "title"]

HEADINGS = ("case", "latency [interval]", "ratio to baseline [95 %]", "peak memory", "error of A or o")


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The cases that answer one question, the fastest first."""

    name: str
    """What they have in common."""
    rows: list[tuple[str, ...]]
    """One a case, under `HEADINGS`."""


def title(run_info: Mapping[str, Any]) -> str:
    """Gives what was measured, on what, when: ``nlp on Example CPU (2 cores), torch 2.13.0, commit f07c3b8c, …``."""
    machine = run_info["machine"]
    words = [f"{run_info['suite']} on {machine['cpu_model']} ({machine['cores']} cores)"]
    words += [str(gpu["name"]) for gpu in machine.get("gpus", ())]
    words.append(f"torch {run_info['versions']['torch']}")
    if run_info.get("commit"):
        words.append(f"commit {run_info['commit'][:8]}")
    return one_line(", ".join([*words, run_info["started_utc"]]))


def groups(table: pd.DataFrame) -> Iterator[Group]:
    """Yields the groups in the table's order."""
    extra = table.assign(_peak=peak_bytes(table), _error=error_texts(table), _timed=measured(table))
    for name, rows in extra.groupby("group", sort=False):
        fastest_first = rows.sort_values("latency_median_s", kind="stable")
        yield Group(one_line(str(name)), [_cells(row) for _, row in fastest_first.iterrows()])


def reasons(table: pd.DataFrame) -> list[str]:
    """Gives why cases have no latency, each reason once: ``2 × oom: asked for 1 GiB``."""
    absent = table[~measured(table)]
    told = absent["reason"].fillna("")
    told = told.where(told != "", absent["warnings"].fillna("no reason is known"))
    counted = (absent["status"] + ": " + told).value_counts(sort=False)
    return [f"{count} × {one_line(str(why))}" for why, count in counted.items()]


def _cells(row: pd.Series[Any]) -> tuple[str, ...]:
    case = one_line(series_label(row))
    if not row["_timed"]:
        return (case, str(row["status"]), "", "", "")
    latency = seconds_text(row["latency_median_s"])
    if pd.notna(row["latency_ci_low_s"]):
        latency += f" [{seconds_text(row['latency_ci_low_s'])}, {seconds_text(row['latency_ci_high_s'])}]"
    ratio = ratio_text(row["latency_ratio"], row["latency_ratio_ci_low"], row["latency_ratio_ci_high"])
    return (case, latency, ratio, bytes_text(row["_peak"]), row["_error"])
