"""The article's module as its code has it, beside the same with the right scale, beside exact attention.

Goes in: the table and its rounds. Comes out: one finding a context in which both were measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.finding import Finding, against, difference_words
from bench.analysis.series import contexts, measured, moods_by_case
from bench.stats.interval import log_interval

__all__ = ["seed_findings"]

_WRITTEN, _FIXED = "seed_as_written", "seed_fixed"


def seed_findings(table: pd.DataFrame, rounds: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each context, how the two differ in time and in output, and whether either saves anything.

    Args:
        table: one row a case.
        rounds: columns `run case_hash round latency_s log_ratio`.
    """
    seeds = table[table["operator"].isin([_WRITTEN, _FIXED])]
    for context, rows in contexts(seeds, "seq_len"):
        good = rows[measured(rows) & rows["latency_ratio"].notna()]
        lengths = good.groupby("seq_len")["operator"].nunique()
        both = lengths[lengths == 2].index
        if not len(both):
            continue
        at = good[good["seq_len"] == both.max()]
        written, fixed = (at[at["operator"] == name].iloc[0] for name in (_WRITTEN, _FIXED))
        ratio = _paired(written, fixed, rounds)
        headline = f"At n = {both.max():.0f} the seed as written against the seed with its scale fixed: time {ratio}"
        details = [
            f"Against the baseline of their group, as written: {against(written)}; fixed: {against(fixed)}.",
        ]
        yield Finding("seed", context.name, f"{headline}{_error(written)}.", tuple(details), {"lengths": len(both)})


def _paired(written: pd.Series[Any], fixed: pd.Series[Any], rounds: pd.DataFrame) -> str:
    logs, moods = [], moods_by_case(rounds)
    for row in (written, fixed):
        mine = rounds[(rounds["case_hash"] == row["case_hash"]) & (rounds["run"] == row["run"])]
        keys = [name for name in ("group", "round") if name in mine]  # rounds of one part of a group are alike
        logs.append(mine.set_index(keys)["log_ratio"])
    paired = (logs[0] - logs[1]).dropna()
    if paired.empty:
        return f"{written['latency_ratio'] / fixed['latency_ratio']:.3g}, with no rounds to say how surely"
    estimate = log_interval(paired.to_numpy(), moods.get((str(written["run"]), str(written["case_hash"])), 0.0))
    return difference_words(estimate.centre, estimate.low, estimate.high)


def _error(written: pd.Series[Any]) -> str:
    """The module as written is held against itself with the right scale: that is its `output_rel_error`."""
    error = written.get("output_rel_error", np.nan)
    if np.isnan(error):
        return "; its error was not measured"
    return f"; its output is off by {error:.2g} of the fixed one's norm"
