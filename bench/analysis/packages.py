"""Our operators beside other packages' implementations of the same: time, memory, and whether they agree.

Goes in: the table and its rounds. Comes out: one row for each package's case that ours can be held against, and
findings. The two were alive together in each round and took turns, so that their ratio is formed inside a round; the
package compared with in a summary is the fastest that has the case. A package whose output differs from ours by more
than rounding computes something else: it is marked, and a mean is given without it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from bench.analysis.finding import EXACT, MARGIN, Finding, difference_words
from bench.analysis.scaling import peak_bytes
from bench.analysis.series import OWN_PROVIDERS, moods_by_case, questions
from bench.stats.interval import log_interval
from bench.table.combine import ROUNDING
from bench.units import plural_text, ratio_text

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
    *("agreement_rel_error", "agrees", "provider_notes", "fastest", "fastest_that_agrees", "status", "reason"),
)


def beside_packages(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives one row for each case of another package: our time over its time, and our peak memory over its.

    Args:
        table: one row a case.
        rounds: columns `run case_hash group round latency_s`.

    Returns:
        Columns ``run kind operator label provider … case_id ours ratio ratio_ci_low ratio_ci_high rounds peak_share
        agreement_rel_error agrees provider_notes fastest fastest_that_agrees status reason``; `ratio` is NaN where
        either was not timed; `agrees` is false where the package computes something else, true where nothing is
        known; `fastest` is true for the package that is fastest on the case, `fastest_that_agrees` for the fastest
        that computes the same.
    """
    foreign = ~table["provider"].isin(OWN_PROVIDERS)
    if not foreign.any():
        return pd.DataFrame(columns=list(_COLUMNS))
    table = table.assign(_question=questions(table), _peak=peak_bytes(table))
    ours = table[~foreign].drop_duplicates("_question").set_index("_question")
    theirs = table[foreign & table["_question"].isin(ours.index)]
    seconds = rounds.set_index(["run", "case_hash", "group", "round"])["latency_s"].sort_index()
    moods = moods_by_case(rounds)
    rows = [_row(row, ours.loc[row["_question"]], seconds, moods) for _, row in theirs.iterrows()]
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, "_question", "_latency"])
    frame["agrees"] = ~(frame["agreement_rel_error"].astype(float) > frame["dtype"].map(ROUNDING).astype(float))
    seconds_a_call = frame["_latency"].astype(float)
    agreeing = seconds_a_call[frame["agrees"]]
    for name, latency in (("fastest", seconds_a_call), ("fastest_that_agrees", agreeing)):
        best = latency.groupby(frame["_question"]).transform("min")
        frame[name] = (latency.notna() & (latency == best)).reindex(frame.index, fill_value=False)
    return frame[list(_COLUMNS)]


def package_findings(beside: pd.DataFrame) -> Iterator[Finding]:
    """Yields, for each kind of operator, how ours stand beside the fastest package.

    Args:
        beside: of `beside_packages`.
    """
    compared = beside[beside["ratio"].notna()]
    for kind, name in KINDS.items():
        of_kind = compared[compared["kind"] == kind]
        fastest = of_kind[of_kind["fastest"]]
        if fastest.empty:
            continue
        alike = of_kind[of_kind["fastest_that_agrees"]]
        slower, larger = fastest[fastest["ratio_ci_low"] > 1], of_kind[of_kind["peak_share"] > 1]
        headline = f"{name}: ours takes {_mean(fastest):.3g} of the fastest package's time (geometric mean of "
        headline += f"{_counts(fastest)}){_alike_words(fastest, alike)}; {_sure_words(fastest, 'slower', slower)}, "
        headline += f"more peak memory in {plural_text(len(larger), 'case')}."
        details = [_line(str(label), rows) for label, rows in fastest.groupby("label", sort=False)]
        details += [f"Slower: {_case_words(row)}." for _, row in slower.iterrows()]
        details += [
            f"More memory: {row['peak_share']:.3g} × that of {row['case_id']}." for _, row in larger.iterrows()
        ]
        numbers = {"mean": _mean(fastest), "mean_of_those_that_agree": _mean(alike), "cases": len(fastest)}
        numbers |= {"slower": len(slower), "larger": len(larger)}
        yield Finding("packages", "", headline, tuple(details), numbers)


def _row(
    row: pd.Series[Any], own: pd.Series[Any], seconds: pd.Series[float], moods: Mapping[tuple[str, str], float]
) -> dict[str, Any]:
    log = _logs(seconds, row["run"], own["case_hash"]) - _logs(seconds, row["run"], row["case_hash"])
    both_ok = {row["status"], own["status"]} <= {"ok", "throttled"}
    mood = moods.get((str(row["run"]), str(row["case_hash"])), 0.0)
    ratio = log_interval(log.dropna().to_numpy() if both_ok else [], mood)
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


def _mean(rows: pd.DataFrame) -> float:
    """Gives the geometric mean over operators of each one's over its cases; NaN without any."""
    return float(np.exp(np.log(rows["ratio"]).groupby(rows["label"], sort=False).mean().mean()))


def _counts(rows: pd.DataFrame) -> str:
    return f"{plural_text(rows['label'].nunique(), 'operator')} over {plural_text(len(rows), 'case')}"


def _alike_words(fastest: pd.DataFrame, alike: pd.DataFrame) -> str:
    """Gives the mean over those that compute the same, where these are not simply all."""
    if fastest.index.equals(alike.index):
        return ""
    if alike.empty:
        return ", none of which computes the same"
    return f", {_mean(alike):.3g} of that of the fastest that computes the same ({_counts(alike)})"


def _sure_words(rows: pd.DataFrame, word: str, sure: pd.DataFrame) -> str:
    """Gives how many cases differ beyond their intervals, of how many that have one."""
    known = int(rows["ratio_ci_low"].notna().sum())
    if not known:
        return f"too few rounds to say where it is {word}"
    more = f" ({len(rows) - known} more in too few rounds)" if known < len(rows) else ""
    return f"{word} beyond its interval in {len(sure)} of {known}{more}"


def _line(label: str, rows: pd.DataFrame) -> str:
    names = ", ".join(dict.fromkeys(rows["provider"]))
    text = f"{label}, beside {names}: {_mean(rows):.3g}"
    if len(rows) > 1:
        text += f", from {rows['ratio'].min():.3g} to {rows['ratio'].max():.3g} over {plural_text(len(rows), 'case')}"
    parts = [text, _sure_words(rows, "faster", rows[rows["ratio_ci_high"] < 1 - MARGIN])]
    for provider, other in rows[~rows["agrees"]].groupby("provider", sort=False):
        all_of_it = len(other) == (rows["provider"] == provider).sum()
        where = "" if all_of_it else f" in {plural_text(len(other), 'case')}"
        error = f"{'' if len(other) == 1 else 'up to '}{other['agreement_rel_error'].max():.2g}"
        parts.append(f"{provider} computes something else{where}: agreement error {error}")
    return f"{'; '.join(parts)}."


def _case_words(row: pd.Series[Any]) -> str:
    ends = (row["ratio"], row["ratio_ci_low"], row["ratio_ci_high"])
    told = difference_words(*ends)
    words = ratio_text(*ends)
    doubt = f" ({told})" if told.startswith("no difference") else ""
    return f"{row['ours']} {words}{doubt} of {row['provider']}"
