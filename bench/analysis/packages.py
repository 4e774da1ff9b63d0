"""Our operators beside other packages' implementations of the same: time, memory, and whether they agree.

Goes in: the table and its rounds. Comes out: one row for each package's case that ours can be held against, and
findings. The two were alive together in each round and took turns, so that their ratio is formed inside a round; the
package compared with in a summary is the fastest that has the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pandas as pd

from bench.analysis.finding import EXACT, MARGIN, Finding, difference_words
from bench.analysis.scaling import peak_bytes
from bench.analysis.series import OWN_PROVIDERS, series_columns
from bench.stats.interval import log_interval
from bench.units import ratio_text

__all__ = ["KINDS", "beside_packages", "package_findings"]

KINDS = {
    "exact": "Exact attention",
    "low-rank": "Low-rank and kernel attention",
    "adapter": "Adapters",
    "layer": "Layers",
}
"""What is summed up together."""

_COLUMNS = (
    *("run", "kind", "operator", "label", "provider", "scope", "phase", "device", "dtype", "seq_len", "hidden_size"),
    *("rank", "case_id", "ours", "ratio", "ratio_ci_low", "ratio_ci_high", "rounds", "peak_share"),
    *("agreement_rel_error", "provider_notes", "fastest", "status", "reason"),
)


def beside_packages(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row for each case of another package: our time over its time, and our peak memory over its.

    Args:
        table: one row a case.
        rounds: columns `run case_hash group round latency_s`.

    Returns:
        Columns ``run kind operator label provider … case_id ours ratio ratio_ci_low ratio_ci_high rounds peak_share
        agreement_rel_error provider_notes fastest status reason``; `ratio` is NaN where either was not timed;
        `fastest` is true for the package that is fastest on the case.
    """
    foreign = ~table["provider"].isin(OWN_PROVIDERS)
    if not foreign.any():
        return pd.DataFrame(columns=list(_COLUMNS))
    table = table.assign(_question=_questions(table), _peak=peak_bytes(table))
    ours = table[~foreign].drop_duplicates("_question").set_index("_question")
    theirs = table[foreign & table["_question"].isin(ours.index)]
    seconds = rounds.set_index(["run", "case_hash", "group", "round"])["latency_s"].sort_index()
    rows = [_row(row, ours.loc[row["_question"]], seconds) for _, row in theirs.iterrows()]
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, "_question", "_latency"])
    best = frame.groupby("_question")["_latency"].transform("min")
    return frame.assign(fastest=frame["_latency"].notna() & (frame["_latency"] == best))[list(_COLUMNS)]


def package_findings(beside: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each kind of operator, how ours stand beside the fastest package.

    Args:
        beside: of `beside_packages`.
    """
    compared = beside[beside["ratio"].notna()]
    for kind, name in KINDS.items():
        fastest = compared[(compared["kind"] == kind) & compared["fastest"]]
        if fastest.empty:
            continue
        means = np.exp(np.log(fastest["ratio"]).groupby(fastest["label"], sort=False).mean())
        mean = float(np.exp(np.log(means).mean()))
        slower = fastest[fastest["ratio_ci_low"] > 1]
        larger = compared[(compared["kind"] == kind) & (compared["peak_share"] > 1)]
        headline = (
            f"{name}: ours takes {mean:.3g} of the fastest package's time (geometric mean of {len(means)} operators "
            f"over {len(fastest)} cases); slower beyond its interval in {len(slower)}, "
            f"more peak memory in {len(larger)}."
        )
        details = [_line(str(label), rows, means[label]) for label, rows in fastest.groupby("label", sort=False)]
        details += [f"Slower: {_case_words(row)}." for _, row in slower.iterrows()]
        details += [
            f"More memory: {row['peak_share']:.3g} × that of {row['case_id']}." for _, row in larger.iterrows()
        ]
        numbers = {"mean": mean, "cases": len(fastest), "slower": len(slower), "larger": len(larger)}
        yield Finding("packages", "", headline, tuple(details), numbers)


def _questions(table: pd.DataFrame) -> pd.Series[Any]:
    """Gives, row by row, all that two cases must share before one can be called the other's rival."""
    names = [name for name in ("run", "group", *series_columns(table)) if name in table and name != "provider"]
    return table[names].astype(object).where(table[names].notna(), None).agg(tuple, axis=1).map(repr)


def _row(row: pd.Series[Any], own: pd.Series[Any], seconds: pd.Series[float]) -> dict[str, Any]:
    log = _logs(seconds, row["run"], own["case_hash"]) - _logs(seconds, row["run"], row["case_hash"])
    both_ok = {row["status"], own["status"]} <= {"ok", "throttled"}
    ratio = log_interval(log.dropna().to_numpy() if both_ok else [])
    return {
        **{name: row.get(name) for name in (*_COLUMNS, "_question")},
        "kind": _kind(own),
        "ours": own["case_id"],
        "ratio": ratio.centre if ratio.count else np.nan,
        "ratio_ci_low": ratio.low,
        "ratio_ci_high": ratio.high,
        "rounds": ratio.count,
        "peak_share": own["_peak"] / row["_peak"] if row["_peak"] else np.nan,
        "_latency": row["latency_median_s"] if row["status"] in ("ok", "throttled") else np.nan,
    }


def _logs(seconds: pd.Series[float], run: str, case_hash: str) -> pd.Series[float]:
    """Gives ln seconds by group and round; the pace cancels in a difference of two of them."""
    if (run, case_hash) not in seconds.index:
        return pd.Series(dtype=float, index=pd.MultiIndex.from_arrays([[], []], names=["group", "round"]))
    return cast("pd.Series[float]", np.log(seconds.loc[(run, case_hash)]))


def _kind(own: pd.Series[Any]) -> str:
    if own["family"] != "attention":
        return str(own["family"])
    errors = [own.get(name) for name in ("attention_rel_error", "output_rel_error")]
    known = [float(error) for error in errors if error is not None and not pd.isna(error)]
    return "exact" if known and max(known) < EXACT else "low-rank"


def _line(label: str, rows: pd.DataFrame, mean: float) -> str:
    ends = rows.sort_values("ratio")
    clear = int((rows["ratio_ci_high"] < 1 - MARGIN).sum())
    names = ", ".join(dict.fromkeys(rows["provider"]))
    text = f"{label}, beside {names}: {mean:.3g} ({ends['ratio'].iloc[0]:.3g} to {ends['ratio'].iloc[-1]:.3g})"
    return f"{text}, faster beyond its interval in {clear} of {len(rows)}."


def _case_words(row: pd.Series[Any]) -> str:
    ends = (row["ratio"], row["ratio_ci_low"], row["ratio_ci_high"])
    told = difference_words(*ends)
    words = ratio_text(*ends)
    return f"{row['ours']} {words}{'' if told == words else f' ({told})'} of {row['provider']}"
