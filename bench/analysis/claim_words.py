"""The words in which comparisons are told: what a piece of evidence says, and where it was taken.

Goes in: comparisons with their sides. Comes out: phrases without ``; ``, which `claims` puts between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.comparison import SUBJECTS, Triple, known
from bench.case import DTYPES
from bench.units import plural_text, ratio_text

__all__ = ["number_words", "piece_name", "piece_words", "place_words"]

_SIDES = ("for", "against", "open")


def number_words(number: float, low: float, high: float) -> str:
    """Gives ``0.42 [0.4, 0.44]``, and the number alone where it is exact or has no interval."""
    return ratio_text(number) if low == high else ratio_text(number, low, high)


def piece_name(rows: pd.DataFrame) -> str:
    """Gives ``low-rank attention, inference`` of comparisons that are all of one subject and measure."""
    return f"{SUBJECTS[rows['subject'].iloc[0]]}, {rows['measure'].iloc[0]}"


def piece_words(rows: pd.DataFrame, verdict: str, number: Triple, unit: str) -> str:
    """Gives what one subject says under one measure: its verdict, its number, its extremes, and how many cases.

    Args:
        rows: its comparisons, all of one subject and measure, those that do not count among them.
        verdict: of `claims.piece_verdict`.
        number: of `claims.pooled`.
        unit: of the number.
    """
    counted = rows[rows["side"] != "not counted"]
    told = counted[np.isfinite(counted["number"].astype(float)) & (counted["unit"] == unit)]
    told = told.sort_values("number", kind="stable")
    words = [verdict or "not decided"] if len(counted) else []
    if known(number[0]):
        of = plural_text(told["operator"].nunique(), "operator")
        words.append(f"{number_words(*number)} {unit} over {of}")
    if told["number"].nunique() > 1:
        least, most = told.iloc[0], told.iloc[-1]
        words.append(f"from {_case_words(least)} to {_case_words(most)}")
    words += [f"{side} {count}" for side in _SIDES if (count := int((counted["side"] == side).sum()))]
    if len(counted) < len(rows):
        reasons = dict.fromkeys(rows.loc[rows["side"] == "not counted", "why_not"])
        words.append(f"not counted {len(rows) - len(counted)} ({', '.join(reasons)})")
    return f"{piece_name(rows)}: {', '.join(words)}"


def place_words(rows: pd.DataFrame) -> str:
    """Gives where comparisons were taken: scopes, phases, lengths, ranks, dtypes, devices, models, tasks.

    Args:
        rows: comparisons, at least one.
    """
    words = [*dict.fromkeys(f"{scope}/{phase}" for scope, phase in zip(rows["scope"], rows["phase"], strict=True))]
    words.append(_span("n", rows["shortest"].min(), rows["seq_len"].max()))
    ranks = rows["rank"].dropna()
    if len(ranks):
        words.append(_span("r", ranks.min(), ranks.max()))
    words += dict.fromkeys(DTYPES.get(str(dtype), (str(dtype), 0))[0] for dtype in rows["dtype"])
    words += dict.fromkeys(str(device) for device in rows["device"])
    words += dict.fromkeys(str(name) for column in ("model", "task") for name in rows[column].dropna())
    return ", ".join(words)


def _case_words(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    place = f"{row['scope']}/{row['phase']}"
    task = f" {row['task']}" if known(row["task"]) else ""
    shape = _span("n", row["shortest"], row["seq_len"])
    return f"{ratio_text(row['number'])} ({row['series']}, {shape}, {place}{task})"


def _span(sign: str, least: float, most: float) -> str:
    return f"{sign}={least:g}" if least == most else f"{sign}={least:g}–{most:g}"
