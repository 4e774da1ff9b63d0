"""What may be concluded, in sentences: who wins where, from which length, by how much, and at what error.

Goes in: the table, its rounds and the crossover points. Comes out: findings, each a headline with its details. A
difference is claimed only where the interval of the ratio stays clear of 1; an approximation is praised only where
its error is below that of `uniform`, which does nothing but average.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bench.analysis.adapters import adapter_findings, layer_findings
from bench.analysis.errors import error_of
from bench.analysis.finding import EXACT, MARGIN, Finding, against, ratio_words, shape_words, share_words
from bench.analysis.packages import beside_packages, package_findings
from bench.analysis.scaling import peak_bytes
from bench.analysis.seed import seed_findings
from bench.analysis.series import Context, contexts, measured, own_cases, series_label
from bench.analysis.tasks import task_findings
from bench.attempt import FAILURES
from bench.units import plural_text, seconds_text

__all__ = ["TRIVIAL", "findings"]

TRIVIAL = "uniform"
"""The operator that only averages the values: an error that is not below its own is no approximation."""

_OF_NOTHING = 1.0  # relative error of an output of zeros
_BELOW = 0.95  # by less than a twentieth below uniform's error is not worth a word


def findings(table: pd.DataFrame, rounds: pd.DataFrame, crossovers: pd.DataFrame) -> list[Finding]:
    """Gives the findings in the order of the report: attentions, adapters, layers, tasks, packages, seed, missing.

    Other packages' implementations beside which ours stands are no rivals of their own: `packages` tells of them.

    Args:
        table: one row a case.
        rounds: columns `run case_hash group round latency_s log_ratio`.
        crossovers: of `analysis.crossover.crossovers` for the same table.
    """
    found: list[Finding] = []
    own = own_cases(table)
    # Contexts of all cases, so that they have the names that crossovers know.
    for context, rows in contexts(own, "seq_len"):
        found += _attention(context, rows[rows["family"] == "attention"], crossovers)
    found += adapter_findings(own)
    found += layer_findings(own)
    found += task_findings(own)
    found += package_findings(beside_packages(table, rounds))
    found += seed_findings(table, rounds)
    return [*found, *_missing(table)]


def _attention(context: Context, rows: pd.DataFrame, crossovers: pd.DataFrame) -> Iterator[Finding]:
    compared = rows[measured(rows) & rows["latency_ratio"].notna()]
    rivals = compared[(compared["case_id"] != compared["baseline"]) & (compared["operator"] != TRIVIAL)]
    if rivals.empty:
        return
    longest = compared["seq_len"].max()
    at = _with_error(compared[compared["seq_len"] == longest])
    rivals = at[(at["case_id"] != at["baseline"]) & (at["operator"] != TRIVIAL)].sort_values("latency_ratio")
    baseline = at[at["case_id"] == at["baseline"]]
    name = str(baseline["label"].iloc[0]) if len(baseline) else "the baseline"
    winners = rivals[rivals["latency_ratio_ci_high"] < 1 - MARGIN]
    details = [*_no_better(at), *_launch_bound(at), *_hardness(at)]
    if rivals["latency_ratio_ci_low"].notna().any():  # without any interval no length is claimed either
        mine = crossovers[crossovers["operator"].isin(rows["operator"])]  # no layer of its own
        details = [*_from_which_length(context, mine), *details]
    if rivals.empty:
        headline = f"At n = {longest:.0f} nothing but {name} gave a latency."
    elif winners.empty:
        headline = _nobody(rivals.iloc[0], name, longest)
    else:
        headline = _winner(winners.iloc[0], name, longest)
        details = [*_as_fast(winners.iloc[0], rivals), *_better(winners), *details]
    numbers = {"seq_len": float(longest), "winners": len(winners), "rivals": len(rivals)}
    yield Finding("attention", context.name, headline, tuple(details), numbers)


def _with_error(rows: pd.DataFrame) -> pd.DataFrame:
    error, of = error_of(rows)
    averaged = error[rows["operator"] == TRIVIAL].min()
    trivial = _OF_NOTHING if np.isnan(averaged) else averaged
    useful = (error <= _BELOW * trivial) | (error < EXACT)  # an error that was not measured is no good one
    peak = peak_bytes(rows)
    base = peak[rows["case_id"] == rows["baseline"]]
    share = peak / base.iloc[0] if len(base) else peak * np.nan
    name = "zeros" if np.isnan(averaged) else TRIVIAL
    told = rows.assign(error=error, error_of=of, trivial=name, trivial_error=trivial)
    return told.assign(useful=useful, peak_share=share)


def _winner(row: pd.Series[float], baseline: str, longest: float) -> str:
    text = f"At n = {longest:.0f} {series_label(row)} is fastest: {ratio_words(row)} of {baseline}'s time"
    text += f" ({seconds_text(row['latency_median_s'])})"
    if not np.isnan(row["peak_share"]):
        text += f", {share_words(row['peak_share'])} peak memory"
    return f"{text}; {_error_words(row)}."


def _as_fast(winner: pd.Series[float], rivals: pd.DataFrame) -> Iterator[str]:
    """Yields which others may be as fast: those whose intervals overlap the fastest one's, and those without one."""
    others = rivals.drop(index=winner.name)
    close = others[others["latency_ratio_ci_low"] <= winner["latency_ratio_ci_high"]]
    if len(close):
        told = "; ".join(f"{series_label(row)} {ratio_words(row)}" for _, row in close.iterrows())
        yield f"Intervals overlap the fastest one's: {told}."
    lower = others[others["latency_ratio_ci_low"].isna() & (others["latency_ratio"] < winner["latency_ratio"])]
    if len(lower):
        told = "; ".join(f"{series_label(row)} {ratio_words(row)}" for _, row in lower.iterrows())
        yield f"Lower, but in too few rounds for an interval: {told}."


def _error_words(row: pd.Series[float]) -> str:
    if np.isnan(row["error"]):
        other = row.get("error_reference")
        return f"its error is against {other}" if isinstance(other, str) else "error not measured"
    if row["error"] < EXACT:
        return "exact"
    text = f"error of {row['error_of']} {row['error']:.2g}"
    does = "uniform does" if str(row["trivial"]) == TRIVIAL else "zeros do"
    return text if row["useful"] else f"{text}: {does} as well ({row['trivial_error']:.2g})"


def _better(winners: pd.DataFrame) -> Iterator[str]:
    """Yields what a reader should take instead of the fastest: the fastest useful one, and the nearest to exact."""
    fastest, useful = winners.iloc[0], winners[winners["useful"]]
    below = "below uniform's" if fastest["trivial"] == TRIVIAL else "below that of zeros"
    if useful.empty:
        yield f"No case that is faster is known to have an error {below}."
    elif not fastest["useful"]:
        yield f"The fastest with an error {below} is {_told(useful.iloc[0])}."
    nearest = useful.sort_values("error", kind="stable").iloc[0] if useful["error"].notna().any() else fastest
    told = {fastest.name, useful.index[0] if len(useful) else fastest.name}
    if nearest.name not in told:
        yield f"Of those faster, the nearest to exact is {_told(nearest)}."


def _told(row: pd.Series[float]) -> str:
    return f"{series_label(row)}: {ratio_words(row)}, {_error_words(row)}"


def _nobody(nearest: pd.Series[float], baseline: str, longest: float) -> str:
    if np.isnan(nearest["latency_ratio_ci_low"]):
        words = f"{series_label(nearest)} has the lowest ratio, {ratio_words(nearest)}"
        return f"At n = {longest:.0f} there are too few rounds to say what beats {baseline}; {words}."
    if nearest["latency_ratio_ci_low"] > 1 + MARGIN:
        rest = f"the nearest is {series_label(nearest)} at {ratio_words(nearest)} of its time."
    else:
        rest = f"{series_label(nearest)}, the nearest: {against(nearest)}."
    return f"At n = {longest:.0f} nothing measured surely beats {baseline}; {rest}"


def _from_which_length(context: Context, crossovers: pd.DataFrame) -> Iterator[str]:
    mine = crossovers[(crossovers["context"] == context.name) & (crossovers["operator"] != TRIVIAL)]
    words = {
        "from": "Faster than {b} from a length on: ",
        "everywhere": "Faster at every measured length: ",
        "until": "Faster at short lengths only: ",
        "undecided": "No difference that the rounds agree on: ",
        "never": "Faster at no measured length: ",
        "absent": "Too few measured lengths to say: ",
    }
    for answer, start in words.items():
        lines = mine[mine["answer"] == answer]
        doubtful = _doubtful(lines)
        for doubt in (False, True):
            if (alike := lines[doubtful == doubt]).empty:
                continue
            said = start.format(b=alike["baseline"].iloc[0] or "the baseline")
            said = f"Perhaps {said[0].lower()}{said[1:]}" if doubt else said
            with_text = doubt or answer in ("from", "until")
            told = [_line(rows, with_text) for _, rows in alike.groupby("operator", sort=False)]
            yield f"{said}{'; '.join(told)}."


def _doubtful(lines: pd.DataFrame) -> pd.Series[bool]:
    """Gives, line by line, whether its own interval allows another answer, or is not there."""
    low, high = lines["ci_low"].astype(float), lines["ci_high"].astype(float)
    largest = lines["largest"].astype(float)
    sure = {"from": high < np.inf, "everywhere": high.notna(), "until": low > 0, "never": low > largest}
    found = pd.Series(False, index=lines.index)
    for answer, told in sure.items():
        found |= lines["answer"].eq(answer) & ~told
    return found


def _line(rows: pd.DataFrame, with_text: bool) -> str:
    """Tells the lines of one operator, its name once: ``Nyström r=32 from n = 225, r=64 from n = 460``."""
    words, before = [], ""
    for series, text, unmeasured in rows[["series", "text", "unmeasured"]].itertuples(index=False):
        name, separator, rank = str(series).partition(" r=")
        word = f"r={rank}" if separator and name == before else str(series)
        word += f" {text}" if with_text else ""
        words.append(f"{word} (not measured at {unmeasured})" if unmeasured else word)
        before = name
    return ", ".join(words)


def _no_better(at: pd.DataFrame) -> Iterator[str]:
    poor = at[~at["useful"] & at["error"].notna() & (at["operator"] != TRIVIAL)]
    if len(poor):
        cases = ", ".join(f"{series_label(row)} ({row['error']:.2g})" for _, row in poor.iterrows())
        of, name, trivial = poor[["error_of", "trivial", "trivial_error"]].iloc[0]
        yield f"No better than {name} (error of {of} {trivial:.2g}): {cases}."


def _launch_bound(at: pd.DataFrame) -> Iterator[str]:
    slow = at[at["launch_s"] > at["latency_median_s"]] if "launch_s" in at else at[:0]
    if len(slow):
        cases = ", ".join(f"{series_label(row)} {seconds_text(row['launch_s'])}" for _, row in slow.iterrows())
        yield f"Times are the device's. Without a CUDA graph the host's decide, which launches more slowly: {cases}."


def _hardness(at: pd.DataFrame) -> Iterator[str]:
    words = []
    for column, text in (("input_entropy", "entropy / ln n {:.2g}"), ("input_stable_rank", "stable rank {:.3g}")):
        if column in at and at[column].notna().any():
            words.append(text.format(at[column].median()))
    if "eckart_young_error" in at:
        bounds = at.dropna(subset=["eckart_young_error", "rank"]).groupby("rank")["eckart_young_error"].median()
        words += [f"no rank-{rank:g} matrix has an error below {bound:.2g}" for rank, bound in bounds.items()]
    if words:
        yield f"How hard the input is: {', '.join(words)}."


def _missing(table: pd.DataFrame) -> Iterator[Finding]:
    bad = table[~measured(table)]
    for failed in (True, False):
        rows = bad[bad["status"].isin(FAILURES | {"interrupted"}) == failed]
        if rows.empty:
            continue
        details = []
        for (status, reason), same in rows.groupby(["status", "reason"], dropna=False, sort=False):
            why = f" ({reason})" if isinstance(reason, str) and reason else ""
            details.append(f"{status}{why}: {_named(same)}")
        what = "failed" if failed else "not measured, being unsupported or skipped"
        headline = f"{len(rows)} of {len(table)} cases {what}."
        yield Finding("failed" if failed else "absent", "", headline, tuple(details), {"cases": len(rows)})


def _named(rows: pd.DataFrame, most: int = 6) -> str:
    if len(rows) <= most:
        return "; ".join(f"{series_label(row)} {shape_words(row)}" for _, row in rows.iterrows())
    places = (rows["scope"] + "/" + rows["phase"] + " " + rows["device"]).value_counts(sort=False)
    return "; ".join(f"{plural_text(count, 'case')} at {place}" for place, count in places.items())
