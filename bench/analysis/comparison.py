"""A comparison: one case, or one line of cases, beside its baseline, on behalf of a claim of the article.

Goes in: the table. Comes out: its rows with what every comparison asks of them (`prepare`), and the shape that all
comparisons have (`comparison`). `MEASURES` says what is compared, which claim it decides and from which value on;
`SUBJECTS` says what the article may have meant. Neighbours: `cost_comparisons` and `task_comparisons` make the
comparisons, `claims` judges them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.analysis.applications import TOLERANCE, gain, spoiled, tolerance
from bench.analysis.finding import MARGIN
from bench.analysis.series import own_cases, series_label
from bench.analysis.verdict import TRIVIAL

__all__ = [
    "COLUMNS",
    "HOW_LONG",
    "MEASURES",
    "NOTHING",
    "RATE_EDGE",
    "SPOILED",
    "SUBJECTS",
    "Measure",
    "Named",
    "Triple",
    "baseline_of",
    "cases_by_name",
    "comparison",
    "in_one_layer",
    "known",
    "one_seed",
    "prepare",
    "rivals",
    "subject",
]

HOW_LONG = ["steps", "seconds", "recover_steps"]
"""One of them says how long a case is trained; of one that is not trained all are absent."""

Triple = tuple[float, float, float]
"""A number and the ends of its 95 % interval; NaN where there is none."""

NOTHING: Triple = (math.nan, math.nan, math.nan)

Named = Mapping[tuple[str, str], "pd.Series[Any]"]
"""(run, case_id) -> the case, of `cases_by_name`."""

SUBJECTS = {
    "low_rank": "low-rank attention",
    "factorised": "attention whose matrix is formed, then factorised",
    "adapter": "LoRA and other adapters",
    "module": "the article's module",
}
"""What the article's one word may mean, and how it is told. It describes the second, names the third, shows the code
of the fourth, and promises what the first is made for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """What is compared, and how it decides a claim."""

    claim: str
    """A key of `claims.CLAIMS`."""
    unit: str
    """Of the number that is told."""
    edge: float
    """A value beyond it bears the claim out, any other speaks against it; of a task it depends on the metric, too."""
    below: bool
    """Whether beyond is below."""
    ratio: bool
    """Whether values are ratios or lengths, compared and pooled on logarithms."""


# 2 points of accuracy: one seed on 500 samples has a standard error of 1.8, so less could not be shown, and papers
# that call a method comparable report losses of half a point (Linformer, arXiv 2006.04768, Table 2), where three (the
# same method in LRA, arXiv 2011.04006, Table 1) are told as a loss. Other metrics: `applications.tolerance`.
_LOSS = -TOLERANCE

SPOILED = "its baseline was better before training"
"""Why nothing is compared with a baseline that training spoiled."""

RATE_EDGE = 10**-0.5
"""A largest learning rate that is smaller by more than half a decade is harder to train: usual grids have such steps,
and at which of two neighbours a network still trains is a matter of the seed."""

MEASURES = {
    "growth of time": Measure("lower complexity", "exponent in n - baseline's", -0.1, below=True, ratio=False),
    "operations": Measure("lower complexity", "FLOPs / baseline", 1.0, below=True, ratio=True),
    "inference": Measure("higher speed", "time / baseline", 1 - MARGIN, below=True, ratio=True),
    "training": Measure("higher speed", "time / baseline", 1 - MARGIN, below=True, ratio=True),
    "the longest length": Measure("long sequences", "tokens, faster from", 1 - MARGIN, below=True, ratio=True),
    "after equal steps": Measure("as accurate", "accuracy - baseline", _LOSS, below=False, ratio=False),
    "after equal time": Measure("as accurate", "accuracy - baseline", _LOSS, below=False, ratio=False),
    "without training": Measure("as accurate", "accuracy - baseline", _LOSS, below=False, ratio=False),
    "what is stored": Measure("more parameters to store", "stored / baseline", 1.0, below=False, ratio=True),
    "learning rate": Measure(
        "harder to train", "largest rate that trains / baseline", RATE_EDGE, below=True, ratio=True
    ),
    "diverged seeds": Measure("harder to train", "share that diverges - baseline", 0.0, below=False, ratio=False),
    "steps to learn": Measure("harder to train", "steps / baseline", 1.0, below=False, ratio=True),
}
"""Measure -> how it decides, in the order in which a claim's number is taken from them."""

_MODULE = frozenset({"seed_as_written", "seed_fixed"})
_FORMS_THE_MATRIX = frozenset({"svd_oracle", "svd_output", "linformer_least_squares"})
_OF_FIXED_RANK = frozenset({"linear_elu", "efficient", "cosformer"})  # by the width of a head: no knob
_DRAWN = frozenset({"random_features"})  # kinds of rank that stand for a draw, where nothing is trained
_NO_ADAPTER = frozenset({"full", "head_only"})  # the baseline, and what any adapter must do better than
_BELOW = 0.95  # of the error of averaging, as the report's findings have it: less is not worth a word
_OF_NOTHING = 1.0  # relative error of an output of zeros, where `uniform` was not measured

_PLACE = ("run", "operator", "scope", "phase", "device", "dtype", "seq_len", "rank", "model", "task")
COLUMNS = (
    *("claim", "modality", "subject", "measure", "series", *_PLACE, "shortest"),
    *("value", "low", "high", "edge", "exact", "number", "number_low", "number_high", "unit", "why_not", "case_ids"),
)
"""`value low high` is judged against `edge`, `number…` is told, in `unit`; `exact` is a count or a failure, with no
interval; `why_not` says why the comparison does not count, empty where it does."""

_READ = (
    *("modality", "model", "task", "layer", "layers", "steps", "seconds", "recover_steps", "learning_rate", "seed"),
    *("input", "options", "adapter_dtype", "compiled", "num_kv_heads", "out_features", "causal", "mask", "threads"),
    *("application", "task_metric", "task_value", "task_value_ci_low", "task_value_ci_high", "task_status"),
    *("task_difference", "task_difference_ci_low", "task_difference_ci_high", "task_majority", "task_linear"),
    *("task_value_before", "seeds", "task_seeds", "task_diverged", "task_curve", "checkpoint_bytes"),
    *("attention_rel_error", "output_rel_error", "error_reference", "rank_kind"),
    *("flops_formula", "parameters", "parameters_counted", "trainable_parameters", "trainable_parameters_counted"),
)
"""Columns that are read here and that older tables lack."""


def prepare(table: pd.DataFrame) -> pd.DataFrame:
    """Gives the cases that comparisons are made from, every column in place.

    Args:
        table: one row a case.

    Returns:
        Our own cases, with `modality` (``any`` where the input is generated; captured tensors of an unknown modality
        stand for nothing and are left out), `subject` (a key of `SUBJECTS`, empty for what is no low-rank variant)
        and `why_not`: why what the case costs is no evidence, empty where it is.
    """
    own = own_cases(table)
    own = own.reindex(columns=list(dict.fromkeys([*own.columns, *_READ])))
    pairs = zip(own["modality"], own["input"], strict=True)
    cases = own.assign(
        modality=[_modality(said, fed) for said, fed in pairs],
        subject=[subject(row) for _, row in own.iterrows()],
    )
    cases = cases[cases["modality"] != ""]
    averaging = cases[cases["operator"] == TRIVIAL]
    averaged = {(str(row["run"]), str(row["baseline"])): row for _, row in averaging.iterrows()}
    named = cases_by_name(cases)
    return cases.assign(why_not=[_why_not(row, baseline_of(row, named), averaged) for _, row in cases.iterrows()])


def subject(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Gives which of `SUBJECTS` a case belongs to; empty for exact attention, for baselines, for `uniform`."""
    name = str(row["operator"])
    if name in _MODULE:
        return "module"
    if name in _FORMS_THE_MATRIX:
        return "factorised"
    if row["family"] == "adapter" and name not in _NO_ADAPTER:
        return "adapter"
    has_rank = known(row["rank"]) or name in _OF_FIXED_RANK
    return "low_rank" if row["family"] == "attention" and has_rank else ""


def known(value: Any) -> bool:
    """Gives whether a cell of the table holds anything."""
    return not pd.isna(value)


def rivals(cases: pd.DataFrame) -> pd.DataFrame:
    """Gives the cases of a subject that are not the baseline of their own group."""
    return cases[(cases["subject"] != "") & (cases["case_id"] != cases["baseline"])]


def cases_by_name(cases: pd.DataFrame) -> dict[tuple[str, str], pd.Series[Any]]:
    """Gives (run, case_id) -> the case."""
    return {(str(row["run"]), str(row["case_id"])): row for _, row in cases.iterrows()}


def baseline_of(row: Mapping[str, Any] | pd.Series[Any], named: Named) -> pd.Series[Any] | None:
    """Gives the baseline of a case, where the table has it."""
    return named.get((str(row["run"]), str(row["baseline"])))


def one_seed(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Gives that a case was trained, or drawn, once, so that another seed may say something else; empty if not."""
    if (row["seeds"] if row["task_status"] == "nan" else row["task_seeds"] + row["task_diverged"]) > 1:
        return ""
    if any(known(row[name]) for name in HOW_LONG):
        return "trained with one seed"
    return "drawn once" if row["rank_kind"] in _DRAWN else ""


def in_one_layer(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Gives that attention was replaced in one layer of a model: of replacing it in all that is no evidence."""
    return "one layer of the model alone" if known(row["layer"]) else ""


def comparison(
    measure: str,
    row: Mapping[str, Any] | pd.Series[Any],
    judged: Triple,
    *,
    exact: bool = False,
    told: Triple | None = None,
    why_not: str = "",
    line: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Gives a row with the columns `COLUMNS`.

    Args:
        measure: a key of `MEASURES`.
        row: the case; of a line its longest.
        judged: what is held against the edge.
        exact: whether it is a count or a failure, which a repeat gives again.
        told: what the reader is told in its place.
        why_not: why it does not count.
        line: the cases behind it, where it is more than one.
    """
    number = judged if told is None else told
    cases = [row["case_id"]] if line is None else line["case_id"]
    return {
        "claim": MEASURES[measure].claim,
        **{name: row[name] for name in ("modality", "subject", *_PLACE)},
        "measure": measure,
        "series": series_label(row),
        "shortest": row["seq_len"] if line is None else line["seq_len"].min(),
        **dict(zip(("value", "low", "high"), judged, strict=True)),
        "edge": MEASURES[measure].edge,
        "exact": exact,
        **dict(zip(("number", "number_low", "number_high"), number, strict=True)),
        "unit": MEASURES[measure].unit,
        "why_not": why_not,
        "case_ids": "; ".join(str(each) for each in cases),
    }


def _modality(said: Any, fed: Any) -> str:
    if known(said) and said:
        return str(said)
    return "" if known(fed) and str(fed).startswith("captured_") else "any"


def _why_not(row: pd.Series[Any], base: pd.Series[Any] | None, averaged: Named) -> str:
    """Says why what a case saves is worth nothing: a task is done worse, or an approximation is none."""
    if known(row["task"]):
        if base is not None and spoiled(base):
            return SPOILED
        as_accurate = known(row["task_difference"]) and gain(row).low >= -tolerance(row)
        return in_one_layer(row) or (one_seed(row) if as_accurate else "not sure to be as accurate")
    if row["subject"] == "module":
        return "its layer has one projection less than its baseline's"
    if row["subject"] == "adapter":
        return ""  # it approximates nothing
    if known(row["error_reference"]):
        return f"its error is against {row['error_reference']}"
    trivial = averaged.get((str(row["run"]), str(row["baseline"])))
    for name in ("attention_rel_error", "output_rel_error"):
        if known(row[name]):
            least = trivial[name] if trivial is not None and known(trivial[name]) else _OF_NOTHING
            return "" if row[name] < _BELOW * least else "no better than averaging"
    return "its error was not measured"
