"""What an adapter costs against the plain layer: unmerged, merged, by rank and width.

Goes in: the table. Comes out: one finding for each scope, phase and device.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from bench.analysis.finding import MARGIN, Finding, against, ratio_words
from bench.analysis.scaling import peak_bytes
from bench.analysis.series import contexts, measured

__all__ = ["adapter_findings"]


def adapter_findings(table: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each scope, phase and device, what each adapter costs over the sweep.

    Args:
        table: one row a case.
    """
    rows = table[table["family"] == "adapter"]
    for context, group in contexts(rows, "hidden_size"):
        peak = peak_bytes(group)
        share = peak / group["baseline"].map(dict(zip(group["case_id"], peak, strict=True)))
        group = group.assign(peak_share=share)
        compared = group[measured(group) & group["latency_ratio"].notna()]
        compared = compared[compared["case_id"] != compared["baseline"]]
        if compared.empty:
            continue
        base = group.loc[group["case_id"] == group["baseline"], "label"]
        name = str(base.iloc[0]) if len(base) else "the plain layer"
        lines = [_line(same) for _, same in compared.groupby("label", sort=False)]
        numbers = {"cases": len(compared), "slower": int((compared["latency_ratio_ci_low"] > 1 + MARGIN).sum())}
        yield Finding("adapter", context.name, _headline(compared, name), tuple(lines), numbers)


def _headline(compared: pd.DataFrame, baseline: str) -> str:
    slower = (compared["latency_ratio_ci_low"] > 1 + MARGIN).groupby(compared["label"], sort=False)
    faster = (compared["latency_ratio_ci_high"] < 1 - MARGIN).groupby(compared["label"], sort=False)
    words = []
    for (label, up), (_, down) in zip(slower, faster, strict=True):
        if up.any() and not down.any():
            words.append(f"{label} is slower in {up.sum()} of {len(up)} cases")
        elif down.any() and not up.any():
            words.append(f"{label} is faster in {down.sum()} of {len(down)} cases")
        elif up.any():
            words.append(f"{label} is slower in {up.sum()} and faster in {down.sum()} of {len(up)} cases")
        else:
            words.append(f"{label} shows no difference in {len(up)} of {len(up)} cases")
    return f"Against {baseline}: {'; '.join(words)}."


def _line(rows: pd.DataFrame) -> str:
    ordered = rows.sort_values("latency_ratio")
    least, most = ordered.iloc[0], ordered.iloc[-1]
    text = f"{least['label']}: time {_words(least)} at {_at(least)}"
    if len(rows) > 1:
        text += f", to {_words(most)} at {_at(most)}"
    share = rows["peak_share"].dropna()
    if len(share):
        ends = dict.fromkeys(f"{end:.3g}" for end in (share.min(), share.max()))
        text += f"; peak memory {' to '.join(ends)} × the layer's"
    return f"{text}."


def _words(row: pd.Series[Any]) -> str:
    told = against(row)
    return f"{ratio_words(row)} ({told})" if told.startswith("no difference") else told


def _at(row: pd.Series[Any]) -> str:
    rank = "" if pd.isna(row["rank"]) else f" r={row['rank']:g}"
    return f"d={row['hidden_size']:g}{rank}"
