"""What an adapter costs against the plain layer, and a layer of its own against exact attention.

Goes in: the table. Comes out: one finding for each scope, phase and device, an adapter's over rank and width, a
layer's over length. Neither has an error against its baseline: an adapter changes what a layer computes on purpose,
and a layer such as MLA has weights of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.finding import MARGIN, Finding, against, ratio_words
from bench.analysis.scaling import peak_bytes
from bench.analysis.series import Context, contexts, implementation, measured
from bench.units import plural_text

__all__ = ["adapter_findings", "layer_findings"]

_SIGNS = {"seq_len": "n", "hidden_size": "d"}
_NAMED = 3
_OF_ITS_OWN = "Each has weights of its own and approximates nothing: there is no error to hold beside its time."


def adapter_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each scope, phase and device, what each adapter costs over the sweep.

    Args:
        table: one row a case.
    """
    told = _beside_baseline(table)
    for context, rows in contexts(told[told["family"] == "adapter"], "hidden_size"):
        yield from _costs("adapter", context, rows, "hidden_size")


def layer_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each phase and device, what each layer of its own (MLA, the seed's module) costs over the sweep.

    Args:
        table: one row a case.
    """
    told = _beside_baseline(table)
    for context, rows in contexts(told[told["family"] == "layer"], "seq_len"):
        yield from _costs("layer", context, rows, "seq_len", _OF_ITS_OWN)


def _beside_baseline(table: pd.DataFrame) -> pd.DataFrame:
    """Adds the label of each case's baseline, which may be of another family, and the share of its peak memory."""
    peak = peak_bytes(table)
    names = list(zip(table["run"], table["case_id"], strict=True))
    labels, peaks = dict(zip(names, table["label"], strict=True)), dict(zip(names, peak, strict=True))
    against = list(zip(table["run"], table["baseline"], strict=True))
    return table.assign(
        baseline_label=[str(labels.get(name, "the baseline")) for name in against],
        peak_share=peak / np.array([peaks.get(name, np.nan) for name in against], dtype=float),
    )


def _costs(topic: str, context: Context, rows: pd.DataFrame, axis: str, *more: str) -> Iterator[Finding]:
    compared = rows[measured(rows) & rows["latency_ratio"].notna() & (rows["case_id"] != rows["baseline"])]
    if compared.empty:
        return
    compared = compared.assign(name=[implementation(row) for _, row in compared.iterrows()])
    details = [_line(str(name), same, axis) for name, same in compared.groupby("name", sort=False)]
    numbers = {"cases": len(compared), "slower": int((compared["latency_ratio_ci_low"] > 1 + MARGIN).sum())}
    yield Finding(topic, context.name, _headline(compared), (*details, *more), numbers)


def _headline(compared: pd.DataFrame) -> str:
    baseline = compared["baseline_label"].iloc[0]
    if compared["latency_ratio_ci_low"].isna().all():
        least = compared.sort_values("latency_ratio").iloc[0]
        words = f"{least['name']} has the lowest ratio, {ratio_words(least)}"
        return f"There are too few rounds to say what differs from {baseline}; {words}."
    alike: dict[str, list[str]] = {}
    for name, same in compared.groupby("name", sort=False):
        alike.setdefault(_said(same), []).append(str(name))
    return f"Against {baseline}: {'; '.join(f'{_named(names)} {said}' for said, names in alike.items())}."


def _named(names: list[str]) -> str:
    """Gives names as a sentence takes them; of many the first two, since each has a line of its own below."""
    if len(names) > _NAMED:
        return f"{', '.join(names[:2])} and {len(names) - 2} others:"
    return f"{', '.join(names)}:"


def _said(rows: pd.DataFrame) -> str:
    sure = rows[rows["latency_ratio_ci_low"].notna()]
    if sure.empty:
        return "too few rounds to say"
    slower = int((sure["latency_ratio_ci_low"] > 1 + MARGIN).sum())
    faster = int((sure["latency_ratio_ci_high"] < 1 - MARGIN).sum())
    wide = sum(against(row).endswith("not decided") for _, row in sure.iterrows())
    words = (("slower in", slower), ("faster in", faster), ("not decided in", wide))
    found = " and ".join(f"{word} {count}" for word, count in words if count)
    cases = plural_text(len(sure), "case")
    text = f"{found} of {cases}" if found else f"no difference seen in {cases}"
    unsure = len(rows) - len(sure)
    return f"{text} ({unsure} more in too few rounds)" if unsure else text


def _line(name: str, rows: pd.DataFrame, axis: str) -> str:
    ordered = rows.sort_values("latency_ratio")
    least, most = ordered.iloc[0], ordered.iloc[-1]
    text = f"{name}: time {_words(least)} at {_at(least, axis)}"
    if len(rows) > 1:
        text += f", to {_words(most)} at {_at(most, axis)}"
    if rows["latency_ratio_ci_low"].isna().all():
        text += ", in too few rounds for an interval"
    share = rows["peak_share"].dropna()
    if len(share):
        ends = dict.fromkeys(f"{end:.3g}" for end in (share.min(), share.max()))
        text += f"; peak memory {' to '.join(ends)} × the baseline's"
    return f"{text}."


def _words(row: pd.Series[Any]) -> str:
    told = against(row)
    return f"{ratio_words(row)} ({told})" if told.startswith("no difference") else ratio_words(row)


def _at(row: pd.Series[Any], axis: str) -> str:
    out = row.get("out_features")
    wide = "" if out is None or pd.isna(out) or out == row["hidden_size"] else f"→{out:g}"
    return f"{_SIGNS[axis]}={row[axis]:g}{wide}" + ("" if pd.isna(row["rank"]) else f" r={row['rank']:g}")
