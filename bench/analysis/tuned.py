"""What fine-tuning with an adapter reaches, against what it costs: accuracy beside trained weights, bytes and time.

Goes in: the table. Comes out: one finding for each task on which a pretrained model was fine-tuned. The baseline is
full fine-tuning; an adapter is worth naming where it is as accurate and trains fewer weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.applications import (
    GOOD,
    difference_text,
    failed_lines,
    judged,
    spoiled,
    task_contexts,
    task_rows,
    trivial_clause,
    trivial_lines,
    usual_rate,
    value_text,
)
from bench.analysis.finding import Finding, ratio_words
from bench.analysis.scaling import peak_bytes
from bench.analysis.series import series_label
from bench.table.combine import ROUNDING
from bench.units import bytes_text, count_text

__all__ = ["trained_weights", "tuned_findings"]

_CHECKS = {
    "step0_rel_error": "as its base at step 0",
    "merge_rel_error": "the same when merged",
}


def tuned_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each task, what each adapter reaches and what it costs.

    Args:
        table: one row a case.
    """
    rows = task_rows(table, "train")
    if len(rows):
        for where, members in task_contexts(usual_rate(rows[rows["application"] == "adapted"])):
            yield from _finding(where, members)


def trained_weights(rows: pd.DataFrame) -> pd.Series[float]:
    """Gives how many weights each case trains: as counted, and where nothing was counted by closed form."""
    weights = pd.Series(np.nan, index=rows.index, dtype=float)
    for column in ("trainable_parameters", "trainable_parameters_counted"):
        if column in rows:
            weights = rows[column].astype(float).where(rows[column].notna(), weights)
    return weights


def _finding(where: str, rows: pd.DataFrame) -> Iterator[Finding]:
    failed = list(failed_lines(rows))
    told = rows.assign(word=judged(rows), weights=trained_weights(rows), peak=peak_bytes(rows))
    valued = told[told["task_value"].notna()].sort_values(["weights", "case_id"])
    if valued.empty and not failed:
        return
    base = valued[valued["word"] == "baseline"]
    details = [_line(row, base) for _, row in valued.iterrows()]
    details += [*trivial_lines(valued), *_checks(valued), *failed]
    counted = valued["word"].value_counts()
    numbers = {str(word).replace(" ", "_"): float(count) for word, count in counted.items()}
    headline = _headline(valued, base) if len(valued) else "No case has a value."
    yield Finding("task", where, headline, tuple(details), {"cases": len(rows), **numbers})


def _headline(valued: pd.DataFrame, base: pd.DataFrame) -> str:
    first = base.iloc[0] if len(base) else valued.iloc[-1]
    parts = [f"{series_label(first)}: {str(first['task_metric']).replace('_', ' ')} {value_text(first)}"]
    if not np.isnan(first["weights"]):
        parts[0] += f", {count_text(first['weights'])} weights trained"
    if clause := trivial_clause(first):
        parts.append(clause)
    good = valued[valued["word"].isin(GOOD)]
    if len(good):
        least = good.iloc[0]
        share = "" if np.isnan(least["weights"]) else f" with {_weights(least, base)}"
        parts.append(f"the least that is as accurate: {series_label(least)}{share} ({difference_text(least)})")
    elif len(base) and not spoiled(first):
        parts.append("nothing else is shown to be as accurate")
    for word in ("hardly worse", "worse"):
        found = valued[valued["word"] == word]
        if len(found):
            parts.append(f"{word}: {', '.join(series_label(row) for _, row in found.iterrows())}")
    return f"{'; '.join(parts)}."


def _weights(row: pd.Series[Any], base: pd.DataFrame) -> str:
    """Gives ``73.7k weights trained (0.33 % of full fine-tuning's)``."""
    text = f"{count_text(row['weights'])} weights trained"
    if len(base) and base["weights"].iloc[0] > 0 and row["word"] != "baseline":
        text += f" ({100 * row['weights'] / base['weights'].iloc[0]:.2g} % of {base['label'].iloc[0]}'s)"
    return text


def _line(row: pd.Series[Any], base: pd.DataFrame) -> str:
    parts = [f"{series_label(row)}: {value_text(row)}"]
    if row["word"] not in ("baseline", "alone"):
        parts[0] += f" ({difference_text(row)}: {row['word']})"
    if not np.isnan(row["weights"]):
        parts.append(_weights(row, base))
    if not pd.isna(row.get("checkpoint_bytes")):
        parts.append(f"checkpoint {bytes_text(row['checkpoint_bytes'])}")
    if _timed(row) and row["word"] != "baseline":
        what = "a step takes" if row["phase"] == "train" else "a forward pass takes"
        parts.append(f"{what} {ratio_words(row)} of the time")
    if len(base) and row["word"] != "baseline" and base["peak"].iloc[0] > 0 and not np.isnan(row["peak"]):
        parts.append(f"peak memory {row['peak'] / base['peak'].iloc[0]:.3g} × the baseline's")
    if not pd.isna(row.get("second_task_difference")):
        parts.append(f"{row['second_task_difference']:+.3g} on the second task")
    if not pd.isna(row.get("task_learning_rate")):
        parts.append(f"learning rate {row['task_learning_rate']:g}")
    return f"{', '.join(parts)}."


def _timed(row: pd.Series[Any]) -> bool:
    return row["status"] in ("ok", "throttled") and not pd.isna(row["latency_ratio"])


def _checks(valued: pd.DataFrame) -> Iterator[str]:
    """Yields whether step 0 is the base model and merging changes nothing, beyond rounding."""
    for column, promise in _CHECKS.items():
        known = valued[valued[column].notna()] if column in valued else valued.iloc[:0]
        beyond = known[known[column].astype(float) > known["dtype"].map(ROUNDING).astype(float)]
        if len(known) and beyond.empty:
            yield f"{promise.capitalize()}: all {len(known)}, to {known[column].max():.2g} of the logits."
        for _, row in beyond.iterrows():
            yield f"Not {promise}: {series_label(row)}, off by {row[column]:.2g} of the logits."
