"""Which cases did one task in one way, and in which words what they reached is told.

A case that was timed in two phases did its task once. Cases of a *context* differ in operator, provider, rank,
options, and in which layer was replaced; their baseline did the same task with the same seeds. Goes in: the table.
Comes out: its rows context by context, what each is beside its baseline, and words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.series import series_columns, series_label
from bench.attempt import NOT_TRIED
from bench.stats.interval import Estimate
from bench.units import duration_text, plural_text

__all__ = [
    "GOOD",
    "TOLERANCE",
    "allowed_loss",
    "difference_text",
    "failed_lines",
    "gain",
    "judged",
    "sign",
    "spoiled",
    "surely_better",
    "task_contexts",
    "task_rows",
    "tolerance",
    "trivial_clause",
    "trivial_lines",
    "usual_rate",
    "value_text",
]

TOLERANCE = 0.02
"""A loss that does not matter: points of accuracy or of word error rate, a share of any other metric's value."""

GOOD = ("better", "as accurate", "hardly worse")
"""What `judged` says of a case that surely loses nothing that matters."""

_CONTEXT = (
    *("run", "task", "application", "model", "layers", "device", "dtype", "threads", "batch_size", "num_heads"),
    *("num_kv_heads", "head_dim", "hidden_size", "seq_len", "causal", "mask"),
    *("steps", "seconds", "recover_steps", "learning_rate", "seeds", "seed"),
)
_HIGHER_IS_BETTER = frozenset({"accuracy"})
_IN_POINTS = frozenset({"accuracy", "word_error_rate"})
_TRIVIAL = {
    "task_linear": "the linear baseline",
    "task_majority": "the majority baseline",
    "task_value_before": "the model before training",
}


def task_rows(table: pd.DataFrame, phase: str) -> pd.DataFrame:
    """Gives the cases that have a task, each once.

    Args:
        table: one row a case.
        phase: whose row is kept of a case that was timed in several.
    """
    if "application" not in table:
        return table.iloc[:0]
    mine = table[table["application"].notna()]
    keys = [name for name in (*_CONTEXT, *series_columns(mine)) if name in mine]
    preferred = mine.assign(_other=mine["phase"] != phase).sort_values("_other", kind="stable")
    return preferred.drop_duplicates(keys).drop(columns="_other").sort_index()


def task_contexts(rows: pd.DataFrame, without: Collection[str] = ()) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields each context's name and its rows, in the table's order.

    A name says what tells the contexts apart in which anything was tried; where nothing was, from all others.

    Args:
        rows: of `task_rows`.
        without: columns in which the rows of a context may differ.
    """
    columns = [name for name in _CONTEXT if name in rows and name not in without]
    if rows.empty:
        return
    tried = rows[~rows["status"].isin(NOT_TRIED)]
    among_tried, among_all = _varying(tried, columns), _varying(rows, columns)
    for _, members in rows.groupby(columns, dropna=False, sort=False):
        varying = among_tried if members.index.isin(tried.index).any() else among_all
        yield ", ".join(_where(members.iloc[0], varying, without)), members


def usual_rate(rows: pd.DataFrame) -> pd.DataFrame:
    """Gives the rows whose values may be compared: those of the usual learning rate, or of the only one.

    Where several rates are named and the usual one is not among them there is none: rates are being compared then,
    and to choose one by what is reached with it would favour whom it is chosen for.

    Args:
        rows: of `task_rows`.
    """
    if "learning_rate" not in rows or rows["learning_rate"].nunique(dropna=False) < 2:
        return rows
    kept = [rows.iloc[:0]]
    for _, members in task_contexts(rows, without=("learning_rate",)):
        rates = members["learning_rate"]
        kept.append(members if rates.nunique(dropna=False) < 2 else members[rates.isna()])
    return pd.concat(kept).sort_index()


def sign(row: Mapping[str, Any] | pd.Series[Any]) -> float:
    """Gives 1 where a higher value of the row's metric is better, -1 where a lower one is."""
    return 1.0 if str(row["task_metric"]) in _HIGHER_IS_BETTER else -1.0


def gain(row: Mapping[str, Any] | pd.Series[Any]) -> Estimate:
    """Gives by how much the row is better than its baseline: positive is better, whatever the metric."""
    way = sign(row)
    ends = [way * float(row[f"task_difference_ci_{end}"]) for end in ("low", "high")]
    return Estimate(way * float(row["task_difference"]), min(ends), max(ends), 1)


def tolerance(row: Mapping[str, Any] | pd.Series[Any]) -> float:
    """Gives the loss against its baseline that does not matter, in the unit of the row's metric."""
    return allowed_loss(str(row["task_metric"]), float(row["task_value"]) - float(row["task_difference"]))


def allowed_loss(metric: str, value: float) -> float:
    """Gives the loss that does not matter, from some value of a metric, in the metric's unit."""
    return TOLERANCE if metric in _IN_POINTS else TOLERANCE * abs(value)


def judged(rows: pd.DataFrame) -> pd.Series[Any]:
    """Gives, row by row, what a case is beside its baseline.

    Returns:
        ``better`` or ``worse`` where the interval of the difference leaves 0 out, ``hardly worse`` where it allows no
        loss beyond `tolerance`; ``as accurate`` where it holds 0 and allows no such loss; ``open`` where it allows
        one; ``alone`` where its baseline has none, or is `spoiled`; ``baseline``; ``diverged``; ``absent`` where it
        has no value.
    """
    useless = {row["case_id"] for _, row in rows.iterrows() if row["case_id"] == row["baseline"] and spoiled(row)}
    return pd.Series([_word(row, useless) for _, row in rows.iterrows()], index=rows.index, dtype=object)


def spoiled(row: Mapping[str, Any] | pd.Series[Any]) -> bool:
    """Gives whether training left a case surely worse than it was before the first step.

    Whoever is compared with it would be praised for a learning rate that is none for it.
    """
    before = row.get("task_value_before")
    return before is not None and not pd.isna(before) and _surely_worse(row, float(before))


def surely_better(row: Mapping[str, Any] | pd.Series[Any], value: float) -> bool:
    """Gives whether the whole interval of a row's value is better than some value."""
    way = sign(row)
    worse_end = float(row["task_value_ci_low" if way > 0 else "task_value_ci_high"])
    return bool(way * (float(row["task_value"]) if np.isnan(worse_end) else worse_end) > way * value)


def value_text(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Gives ``0.823 [0.801, 0.843]``; ``-`` where there is no value."""
    if pd.isna(row["task_value"]):
        return "-"
    value, low, high = (_digits(row, row[f"task_value{end}"]) for end in ("", "_ci_low", "_ci_high"))
    return value if pd.isna(row["task_value_ci_low"]) else f"{value} [{low}, {high}]"


def difference_text(row: Mapping[str, Any] | pd.Series[Any], column: str = "task_difference") -> str:
    """Gives ``-1.6 [-3.0, -0.2] points`` of a difference, or of another column of one."""
    points = str(row["task_metric"]) in _IN_POINTS
    scale, digits = (100.0, "+.1f") if points else (1.0, "+.3g")
    value, low, high = (scale * float(row[f"{column}{end}"]) for end in ("", "_ci_low", "_ci_high"))
    text = f"{value:{digits}}" if np.isnan(low) else f"{value:{digits}} [{low:{digits}}, {high:{digits}}]"
    return f"{text} points" if points else text


def trivial_lines(rows: pd.DataFrame) -> Iterator[str]:
    """Yields which cases of a context are not surely better than something simpler, and where all are."""
    for column, name in _TRIVIAL.items():
        known = rows[rows["task_value"].notna() & rows[column].notna()] if column in rows else rows.iloc[:0]
        if known.empty:
            continue
        ends = (known[column].min(), known[column].max())  # not the same for all where attentions were swapped first
        number = " to ".join(dict.fromkeys(_digits(known.iloc[0], end) for end in ends))
        poor = [series_label(row) for _, row in known.iterrows() if not surely_better(row, float(row[column]))]
        if poor:
            yield f"Not surely better than {name} ({number}): {'; '.join(poor)}."
        else:
            yield f"Better than {name} ({number}): all {len(known)}."


def trivial_clause(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Gives what a headline must add where something simpler is better, or not surely worse."""
    words = []
    for column, name in _TRIVIAL.items():
        value = row.get(column)
        if value is None or pd.isna(value) or pd.isna(row["task_value"]) or surely_better(row, float(value)):
            continue
        better = _surely_worse(row, float(value))
        words.append(f"{name} is {'better' if better else 'not surely worse'} ({_digits(row, value)})")
    if spoiled(row) and row["case_id"] == row["baseline"]:
        words.append("nothing is compared with it")
    return "; ".join(words)


def failed_lines(rows: pd.DataFrame) -> Iterator[str]:
    """Yields which cases of a context have no value, or not of every seed, though they have a latency, and why.

    Args:
        rows: of one context.
    """
    told = (rows["task_status"] == rows["status"]) & rows["task_value"].isna()  # among the failed and the absent
    failed = rows[rows["task_status"].notna() & (rows["task_status"] != "ok") & ~told]
    for (status, reason), same in failed.groupby(["task_status", "task_reason"], dropna=False, sort=False):
        why = f" ({reason})" if isinstance(reason, str) and reason else ""
        yield f"{str(status).capitalize()}{why}: {'; '.join(series_label(row) for _, row in same.iterrows())}."


def _surely_worse(row: Mapping[str, Any] | pd.Series[Any], value: float) -> bool:
    way = sign(row)
    better_end = float(row["task_value_ci_high" if way > 0 else "task_value_ci_low"])
    return bool(way * value > way * better_end)


def _varying(rows: pd.DataFrame, columns: Collection[str]) -> set[str]:
    return {name for name in columns if rows[name].nunique(dropna=False) > 1}


def _word(row: pd.Series[Any], useless: Collection[str]) -> str:
    if str(row["task_status"]) == "diverged":
        return "diverged"
    if pd.isna(row["task_value"]):
        return "absent"
    if row["case_id"] == row["baseline"]:
        return "baseline"
    if pd.isna(row["task_difference"]) or row["baseline"] in useless:
        return "alone"
    gained = gain(row)
    if gained.low > 0:
        return "better"
    bearable = gained.low >= -tolerance(row)
    if gained.high < 0:
        return "hardly worse" if bearable else "worse"
    return "as accurate" if bearable else "open"


def _digits(row: Mapping[str, Any] | pd.Series[Any], value: float) -> str:
    return f"{value:.3f}" if str(row["task_metric"]) in _IN_POINTS else f"{value:.3g}"


def _where(row: pd.Series[Any], varying: Collection[str], without: Collection[str]) -> Iterator[str]:
    known = {name: row[name] for name in _CONTEXT if name in row and not pd.isna(row[name]) and name not in without}
    yield str(known["task"])
    yield _application(known)
    yield f"n={known['seq_len']:g}"
    if "learning_rate" in known:
        yield f"learning rate {known['learning_rate']:g}"
    if "seeds" in known:
        yield f"{known['seeds']:g} seeds"
    for name in ("run", "device", "dtype", "threads", "batch_size", "hidden_size", "num_heads", "seed"):
        if name in known and name in varying:
            yield f"{name} {known[name]}" if isinstance(known[name], str) else f"{name} {known[name]:g}"


def _application(known: Mapping[str, Any]) -> str:
    """Gives what was done: ``minilm fine-tuned for 500 steps``."""
    length = f"{known['steps']:g} steps" if "steps" in known else ""
    length = duration_text(known["seconds"]) if "seconds" in known else length
    if known["application"] == "trained":
        return f"{plural_text(int(known.get('layers', 1)), 'layer')} trained from scratch for {length}"
    if known["application"] == "adapted":
        return f"{known['model']} fine-tuned for {length}"
    then = f"then trained for {known['recover_steps']:g} steps" if "recover_steps" in known else "nothing trained"
    return f"{known['model']} with its attention replaced, {then}"
