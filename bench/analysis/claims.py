"""Which claims of the article do the tables bear out? A verdict for each claim and modality, made from tables alone.

Goes in: the table and its rounds. Comes out: one row a claim and modality (`claims`), and every comparison behind it
(`comparisons`). The rules, so that a verdict can be made again by hand:

1. *What is compared.* A low-rank variant beside the baseline of its group: exact attention, or full fine-tuning for
   adapters; same shape, phase, device, inputs, seeds. The article's one word means four things, which are kept apart
   (`comparison.SUBJECTS`), and so is each measure (`comparison.MEASURES`). A *piece* is one of the four under
   one measure: low-rank attention in training, say.
2. *What counts.* What a case saves is evidence only where it is worth having: on a task, where the case is surely as
   accurate as its baseline (the interval allows no loss beyond `applications.tolerance`: 2 points of accuracy, for
   reasons given at `comparison.MEASURES`), so that costs are compared at equal accuracy; without a task, where its
   error is at least a twentieth below that of `uniform`, which only averages (below 1, the error of an output of
   zeros, where `uniform` was not measured); an error that was not measured, or against something else than exact
   attention, is no evidence. An accuracy is evidence only where the baseline itself is surely better than the
   majority, where averaging alone (`uniform`) is not surely as accurate, and, where anything is trained or drawn, of
   two seeds or more. A model of which one layer was replaced is no evidence of anything. The article's layer has no
   output projection, as its baseline has: what it saves by that is no evidence, how its time grows is. What is stored
   counts once for each share of an operator in a model. The rest is told, and not counted.
3. *When a comparison is sure.* Each measure has an edge, and a value is either beyond it (for the claim) or not
   (against it). A comparison is sure where its 95 % interval leaves the edge out, after Benjamini and Hochberg's
   control of the false discovery rate at 5 % over all comparisons of the claim and modality. For that an interval is
   read as that of a normal estimate, on logarithms where it is a ratio, each side for itself. Counts (FLOPs, weights,
   bytes, all seeds diverging or not finite against none, largest learning rates where their grid tells, of two
   seeds or more) and failures are exact: they have no interval, are always sure, and are left out of the control. A
   comparison without an interval decides nothing.
4. *The verdict of a piece.* A side is there where at least a tenth of the comparisons are surely on it. Both are
   there: `depends`. One alone is: it has the verdict, `held` or `refuted`, where at least half of the comparisons are
   surely on it. Else the piece is not decided.
5. *The verdict of a claim.* That of its decided pieces where they agree, `depends` where they do not. Where there is
   none the claim is `not measured`, and the conditions say whether nothing was there or too little.
6. *The number* is that of the first piece, in order of `SUBJECTS` and `MEASURES`, that is decided and has one: the
   mean over operators of each one's mean, geometric for ratios and lengths. Its interval is the mean of the
   comparisons' ends, as if all erred together: it may be too wide, not too narrow. An exact one has no width.

The edges: growth of time, an exponent at least 0.1 below the baseline's (a quarter more time at ten times the length
is nothing to choose by); operations and what is stored, any difference; time, 1 % (`finding.MARGIN`); long sequences,
1 % less time at the longest length that either side could do; accuracy, a loss of the tolerance; training, a largest
learning rate (`learning_rates`: at which half of what the baseline gains is reached) smaller by more than half a
decade, sure where the grid tells, or all seeds diverging; steps to learn, and some of the seeds diverging, have no
interval and are told only. What failed, or whose baseline did, is told as not counted.

Where it breaks: comparisons of one group share their baseline and are not independent, which widens what chance
alone gives; with five rounds or three seeds tails are heavier than normal; and a piece speaks of the operators,
lengths and ranks that a suite asked for, no others.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.claim_words import piece_name, piece_words, place_words
from bench.analysis.comparison import COLUMNS, MEASURES, NOTHING, SUBJECTS, Triple, prepare
from bench.analysis.cost_comparisons import cost_comparisons
from bench.analysis.task_comparisons import task_comparisons, task_notes

__all__ = ["CLAIMS", "MODALITIES", "VERDICTS", "claims", "comparisons", "piece_verdict", "pooled", "verdicts"]

CLAIMS = {
    "lower complexity": "Low rank makes attention cheaper: fewer operations, and a cost that grows less with length.",
    "higher speed": "It makes training and inference faster.",
    "long sequences": "It copes with long sequences better than exact attention does.",
    "as accurate": "It costs no accuracy.",
    "more parameters to store": "Its price is more parameters, which must be stored and sent.",
    "harder to train": "Its other price is that it is harder to train.",
}
"""Claim -> what the article says, in our words."""

MODALITIES = {"language": "language", "vision": "vision", "audio": "audio", "any": "generated inputs"}
"""Modality of a row -> how it is told."""

VERDICTS = ("held", "refuted", "depends", "not measured")

_LEVEL = 0.05
_Z = float(stats.norm.ppf(1 - _LEVEL / 2))
_THERE = 0.1  # share of comparisons surely on a side, for it to be there
_ENOUGH = 0.5  # the same, for it to have the verdict alone
_FOUND = (
    *("claim", "statement", "modality", "verdict", "number", "ci_low", "ci_high", "unit", "number_of"),
    *("conditions", "case_ids", "comparisons", "supporting", "opposing"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Piece:
    """One subject under one measure."""

    rows: pd.DataFrame
    """Its comparisons, those that do not count among them."""
    verdict: str
    """`held`, `refuted`, `depends`, or empty where it is not decided."""
    number: Triple
    unit: str


def claims(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives the verdict on each claim in each modality.

    Args:
        table: one row a case.
        rounds: columns `run case_hash group round latency_s log_ratio`.

    Returns:
        Columns ``claim statement modality verdict number ci_low ci_high unit number_of conditions case_ids
        comparisons supporting opposing``; `number_of` says of what the number is; `conditions` and `case_ids` are
        texts whose parts are divided by ``; ``. `comparisons` counts what counts, `supporting` and `opposing` what
        of it is surely for and surely against the claim.
    """
    return verdicts(table, comparisons(table, rounds))


def comparisons(table: pd.DataFrame, rounds: pd.DataFrame) -> pd.DataFrame:
    """Gives every comparison behind the claims.

    Args:
        table: one row a case.
        rounds: columns `run case_hash group round latency_s log_ratio`.

    Returns:
        Columns `comparison.COLUMNS` and `side`: ``for``, ``against``, ``open``, or ``not counted``.
    """
    cases = prepare(table)
    found = [*cost_comparisons(cases, rounds), *task_comparisons(cases)]
    compared = pd.DataFrame(found, columns=list(COLUMNS))
    return compared.assign(side=_sides(compared))


def verdicts(table: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """Gives `claims` from comparisons that are there already.

    Args:
        table: one row a case.
        compared: of `comparisons`.
    """
    notes = task_notes(prepare(table))
    found = []
    for claim, statement in CLAIMS.items():
        for modality in MODALITIES:
            rows = compared[(compared["claim"] == claim) & (compared["modality"] == modality)]
            beside = notes.get(modality, []) if claim == "as accurate" else []
            found.append({"claim": claim, "statement": statement, "modality": modality, **_verdict(rows, beside)})
    return pd.DataFrame(found, columns=list(_FOUND))


def piece_verdict(sides: Sequence[str]) -> str:
    """Gives the verdict of a piece; empty where its comparisons do not decide.

    Args:
        sides: ``for``, ``against`` or ``open``, one a comparison that counts.
    """
    if not sides:
        return ""
    held, refuted = (sum(side == word for side in sides) / len(sides) for word in ("for", "against"))
    if held >= _THERE and refuted >= _THERE:
        return "depends"
    if held >= _ENOUGH:
        return "held"
    return "refuted" if refuted >= _ENOUGH else ""


def pooled(rows: pd.DataFrame, *, ratio: bool) -> Triple:
    """Gives the mean over operators of each one's mean, and of the ends of its intervals.

    Args:
        rows: comparisons with `operator number number_low number_high`; those without an interval stand back where
            others have one.
        ratio: whether the mean is geometric.
    """
    names = ["number", "number_low", "number_high"]
    told = rows[np.isfinite(rows["number"].astype(float))]
    sure = told[told[names].notna().all(axis=1)]
    used = sure if len(sure) else told
    if used.empty:
        return NOTHING
    numbers = used[names].astype(float)
    with np.errstate(divide="ignore"):  # an end at 0 is one
        scaled = numbers.apply(np.log) if ratio else numbers
    means = scaled.groupby(used["operator"].astype(str)).mean().mean(skipna=False)
    ends = np.exp(means) if ratio else means
    return float(ends["number"]), float(ends["number_low"]), float(ends["number_high"])


def _verdict(rows: pd.DataFrame, notes: Sequence[str]) -> dict[str, Any]:
    counted = rows[rows["side"] != "not counted"]
    pieces = list(_pieces(rows))
    decided = [piece for piece in pieces if piece.verdict]
    words = {piece.verdict for piece in decided}
    told = next((piece for piece in decided if not math.isnan(piece.number[0])), None)
    number, low, high = told.number if told else NOTHING
    named = dict.fromkeys(name for text in counted["case_ids"] for name in str(text).split("; "))
    conditions = [piece_words(piece.rows, piece.verdict, piece.number, piece.unit) for piece in pieces]
    conditions = [place_words(counted), *conditions] if len(counted) else conditions
    return {
        "verdict": "not measured" if not words else words.pop() if len(words) == 1 else "depends",
        **{"number": number, "ci_low": low, "ci_high": high, "unit": told.unit if told else ""},
        "number_of": piece_name(told.rows) if told else "",
        "conditions": "; ".join([*conditions, *notes] if len(rows) else []),
        "case_ids": "; ".join(named),
        "comparisons": len(counted),
        "supporting": int((counted["side"] == "for").sum()),
        "opposing": int((counted["side"] == "against").sum()),
    }


def _pieces(rows: pd.DataFrame) -> Iterator[_Piece]:
    for subject in SUBJECTS:
        for name, measure in MEASURES.items():
            mine = rows[(rows["subject"] == subject) & (rows["measure"] == name)]
            counted = mine[mine["side"] != "not counted"]
            if len(mine):
                units = counted["unit"].value_counts()  # of the metric that most of its tasks have
                unit = str(units.index[0]) if len(units) else measure.unit
                number = pooled(counted[counted["unit"] == unit], ratio=measure.ratio)
                yield _Piece(mine, piece_verdict(counted["side"].tolist()), number, unit)


def _sides(compared: pd.DataFrame) -> list[str]:
    """Gives on which side of its claim each comparison is, false discoveries controlled."""
    away = np.array([_away(row) for row in compared.to_dict("records")], dtype=float)
    counts = (compared["why_not"] == "").to_numpy(dtype=bool)
    sure = np.isinf(away)
    for places in compared.groupby(["claim", "modality"]).indices.values():
        judged = [place for place in places if counts[place] and np.isfinite(away[place])]
        if judged:
            chances = 2 * stats.norm.sf(np.abs(away[judged]))
            sure[judged] = stats.false_discovery_control(chances) <= _LEVEL
    words = np.where(sure & (away > 0), "for", np.where(sure & (away < 0), "against", "open"))
    return [str(word) if count else "not counted" for word, count in zip(words, counts, strict=True)]


def _away(row: Mapping[Any, Any]) -> float:
    """Gives how many standard errors a comparison is beyond its edge: infinite where exact, NaN without interval."""
    measure = MEASURES[row["measure"]]
    if row["exact"]:
        beyond = row["value"] < row["edge"] if measure.below else row["value"] > row["edge"]
        return math.inf if beyond else -math.inf
    ends = np.array([row["value"], row["low"], row["high"], row["edge"]], dtype=float)
    value, low, high, edge = np.log(ends) if measure.ratio else ends
    gap = edge - value if measure.below else value - edge
    reach = abs((high if value < edge else low) - value)  # resampled ends may lie on one side of the centre
    if reach == 0:
        return math.copysign(math.inf, gap) if gap else 0.0
    return float(_Z * gap / reach)
