"""What low rank costs beside its baseline: operations, time, growth with length, what is stored.

Goes in: prepared cases and their rounds. Comes out: comparisons (`comparison.COLUMNS`) of the claims `lower
complexity`, `higher speed`, `long sequences` and `more parameters to store`. A *line* is one operator with its
settings over lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.comparison import (
    NOTHING,
    Named,
    Triple,
    baseline_of,
    cases_by_name,
    comparison,
    in_one_layer,
    known,
    rivals,
)
from bench.analysis.crossover import find_crossover
from bench.analysis.resample import FEWEST_ROUNDS, interval, median_draws
from bench.analysis.scaling import exponent
from bench.analysis.series import contexts, measured, moods_by_case, rounds_by_case, series_of
from bench.attempt import FAILURES

__all__ = ["cost_comparisons"]

_FEWEST_LENGTHS = 3  # of an exponent: a line through two points has no misfit that could warn
_DONE = ("ok", "throttled")
_NETWORK = ("modality", "operator", "provider", "scope", "hidden_size", "out_features", "model", "layers")
"""What stores the same share of its baseline and is equal in these says it once, whatever is done with it."""

_Logs = Mapping[tuple[str, str], tuple[NDArray[np.float64], float]]
"""(run, case_hash) -> ln of the ratio in each round, and the deviation of their median that they do not show."""


def cost_comparisons(cases: pd.DataFrame, rounds: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yields every comparison of cost that the table has.

    Args:
        cases: of `comparison.prepare`.
        rounds: columns `run case_hash group round latency_s log_ratio`.
    """
    named, moods = cases_by_name(cases), moods_by_case(rounds)
    logs = {key: (own, moods.get(key, 0.0)) for key, own in rounds_by_case(rounds, "log_ratio").items()}
    for _, row in rivals(cases[measured(cases) | cases["status"].isin(FAILURES)]).iterrows():
        measure = "training" if row["phase"] == "train" else "inference"
        if row["status"] in FAILURES:
            yield comparison(measure, row, NOTHING, why_not=f"failed: {row['status']}")
        elif known(row["latency_ratio"]):
            yield comparison(measure, row, _ratio(row), why_not=row["why_not"])
        else:
            yield comparison(measure, row, NOTHING, why_not="its baseline has no latency")
    for _, rows in contexts(cases, "seq_len"):
        for _, line in series_of(rivals(rows), "seq_len"):
            yield from _operations(line, named)
            if line["seq_len"].nunique() > 1:
                yield from _longest(line, named, logs)
                yield from _growth(line, logs)
    yield from _stored(cases, named)


def _ratio(row: pd.Series[Any]) -> Triple:
    return row["latency_ratio"], row["latency_ratio_ci_low"], row["latency_ratio_ci_high"]


def _operations(line: pd.DataFrame, named: Named) -> Iterator[dict[str, Any]]:
    """Compares closed forms at the longest length; a decomposition is no matrix product and has none."""
    done = line[line["status"].isin(_DONE) & (line["subject"] != "factorised")]
    base = None if done.empty else baseline_of(row := done.iloc[-1], named)
    if base is not None and row["flops_formula"] > 0 and base["flops_formula"] > 0:
        share = row["flops_formula"] / base["flops_formula"]
        yield comparison("operations", row, (share, share, share), exact=True, why_not=row["why_not"])


def _longest(line: pd.DataFrame, named: Named, logs: _Logs) -> Iterator[dict[str, Any]]:
    """Compares at the longest length that either side could do; where one of them failed, the other has won.

    What is told is the length from which on the line is faster; where it is so everywhere or nowhere, its time at the
    longest length.
    """
    for _, row in line.iloc[::-1].iterrows():
        base = baseline_of(row, named)
        if base is None:
            continue
        done, base_done = row["status"] in _DONE, base["status"] in _DONE
        if done and base_done and known(row["latency_ratio"]):
            judged, exact = _ratio(row), False
        elif done and base["status"] in FAILURES:
            judged, exact = (0.0, 0.0, 0.0), True
        elif base_done and row["status"] in FAILURES:
            judged, exact = (np.inf, np.inf, np.inf), True
        else:
            continue
        told, unit = _crossing(line, logs), {}
        if not known(told[0]):
            told, unit = (NOTHING if exact else judged), {"unit": "time / baseline at the longest"}
        why_not = row["why_not"]
        found = comparison("the longest length", row, judged, exact=exact, told=told, why_not=why_not, line=line)
        yield found | unit
        return


def _crossing(line: pd.DataFrame, logs: _Logs) -> Triple:
    good, drawn, moods = _with_rounds(line, logs)
    if len(good) < 2:
        return NOTHING
    medians = np.log(good["latency_ratio"].to_numpy(dtype=float)).tolist()
    found = find_crossover(good["seq_len"].tolist(), medians, drawn, moods=moods)
    return (found.seq_len, found.low, found.high) if found.answer == "from" else NOTHING


def _growth(line: pd.DataFrame, logs: _Logs) -> Iterator[dict[str, Any]]:
    """Compares exponents: the slope of ln(ratio) over ln(n) is the line's exponent less the baseline's, paired."""
    good, drawn, moods = _with_rounds(line, logs)
    if good["seq_len"].nunique() < _FEWEST_LENGTHS:
        return
    lengths = good["seq_len"].to_numpy(dtype=float)
    low = high = np.nan
    if all(len(values) >= FEWEST_ROUNDS for values in drawn):
        rng = np.random.default_rng(0)
        each = zip(drawn, moods, strict=True)
        medians = np.stack([median_draws(values, rng, extra_sd=mood) for values, mood in each], axis=1)
        low, high = interval(exponent(lengths, np.exp(medians)))
    slope = float(exponent(lengths, good["latency_ratio"].to_numpy(dtype=float)))
    row = good.iloc[-1]
    # what the module saves by having one projection less is a constant: its growth counts
    why_not = "" if row["subject"] == "module" else row["why_not"]
    yield comparison("growth of time", row, (slope, low, high), why_not=why_not, line=good)


def _with_rounds(line: pd.DataFrame, logs: _Logs) -> tuple[pd.DataFrame, list[NDArray[np.float64]], list[float]]:
    """Gives the cases of a line that have a ratio, ln of it in each round, and what these do not show."""
    keys = [(str(run), str(case)) for run, case in zip(line["run"], line["case_hash"], strict=True)]
    has_rounds = np.array([key in logs for key in keys], dtype=bool)
    good = line[measured(line) & line["latency_ratio"].notna() & has_rounds]
    found = [logs[str(row["run"]), str(row["case_hash"])] for _, row in good.iterrows()]
    return good, [drawn for drawn, _ in found], [mood for _, mood in found]


def _stored(cases: pd.DataFrame, named: Named) -> Iterator[dict[str, Any]]:
    """Compares what must be stored for a task: a checkpoint's bytes, else trained weights, else all weights.

    At scope `core` there are no weights. How good an approximation is does not matter here: it is a price; where one
    layer alone was replaced, it is no whole one.
    """
    wanted = cases["status"].isin(_DONE) & (cases["scope"] != "core")
    told: set[tuple[Any, ...]] = set()
    for _, row in rivals(cases[wanted]).iterrows():
        base = baseline_of(row, named)
        share = np.nan if base is None else _share_stored(row, base)
        key = (*(str(row[name]) for name in _NETWORK), share, in_one_layer(row))
        if known(share) and key not in told:
            told.add(key)
            why_not = row["why_not"] if row["subject"] == "module" else in_one_layer(row)
            yield comparison("what is stored", row, (share, share, share), exact=True, why_not=why_not)


def _share_stored(row: pd.Series[Any], base: pd.Series[Any]) -> float:
    for name in ("checkpoint_bytes", "trainable_parameters", "trainable_parameters_counted", "parameters"):
        if row[name] > 0 and base[name] > 0:
            return float(row[name] / base[name])
    return float(np.nan)
