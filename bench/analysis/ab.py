"""The journal of two revisions -> a verdict for each case and metric.

What was flagged is judged by its confirming rounds alone, the false discovery rate held over all that were confirmed,
and each fork server of either side has to show the change; what was not flagged by its screening rounds. Exact
metrics and errors come from the passes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from bench.analysis.ab_cases import notes, of_the_case
from bench.analysis.gate import EXACT, accuracy_verdicts, exact_verdicts
from bench.attempt import Attempt
from bench.stats.decision import Decision, decide
from bench.stats.ratio import round_latency, round_log_ratio
from bench.verdict import Comparison, Side, Verdict

__all__ = ["judge", "paired_logs", "shown_by_every_server"]

_SIDES = ("base", "head")
_FALSE_DISCOVERIES = 0.05


def judge(info: Mapping[str, Any], attempts: Sequence[Attempt]) -> Comparison:
    """Gives the comparison that a folder of `bench ab` holds; measuring is not needed to judge anew.

    Args:
        info: what its `ab.json` holds.
        attempts: what its journal holds.
    """
    settings = info["settings"]
    by_case: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_case.setdefault(attempt.case_hash, []).append(attempt)
    verdicts: list[Verdict] = []
    timed: list[_Timed] = []
    for entry in info["cases"]:
        own = by_case.get(entry["case_hash"], [])
        about = {name: entry[name] for name in ("case_id", "case_hash", "group")}
        whole = of_the_case(entry, own, info["cases"], about)
        if whole is not None:
            verdicts += whole
            continue
        timed.append(_Timed(about, own, settings["margin"]))
        facts = {side: _facts(own, side) for side in _SIDES}
        unsteady = _unsteady(own)
        verdicts += [_not_repeatable(name, about) for name in sorted(unsteady)]
        exact = [{name: value for name, value in facts[side].items() if name not in unsteady} for side in _SIDES]
        verdicts += exact_verdicts(*exact, **about)
        tolerance = settings["accuracy_tolerance"]
        verdicts += accuracy_verdicts(*(facts[side] for side in _SIDES), tolerance=tolerance, **about)
    verdicts += _latency_verdicts(timed)
    return Comparison(
        kind="ab",
        suite=info["suite"],
        base=_side(info, "base"),
        head=_side(info, "head"),
        margin=settings["margin"],
        verdicts=tuple(verdicts),
        notes=tuple(notes(info, attempts)),
        wall_s=info.get("wall_s"),
    )


def paired_logs(attempts: Iterable[Attempt], stage: str) -> list[float]:
    """Gives ``ln(head / base)`` of each pair of one case and stage, in order; a pair that failed gives none."""
    return [log for log, _ in _pairs(attempts, stage)]


def shown_by_every_server(attempts: Iterable[Attempt], stage: str, margin: float) -> str:
    """Gives in which direction the pairs of each fork server agree: `slower`, `faster`, or nothing.

    Processes of one server share much of their memory layout. Were a layout slow by chance, pairs would not be
    independent, and with three servers a side the signed-rank test would be wrong: with three in ten servers twice as
    slow it would say in 7 to 9 % of cases that head is slower. That the median of the pairs of each server lies
    beyond the margin happens then in 1 %, and whatever their share in at most 1 in 64. It costs little power:
    of a slowdown by 5 %, where pairs scatter by 1.5 %, 0.8 % at ten pairs and none at 18
    (``docs/validation/simulate.py``).

    Args:
        attempts: of one case.
        stage: `screen` or `confirm`.
        margin: as of `decide`.
    """
    edge = math.log1p(margin)
    by_server: dict[tuple[str, int], list[float]] = {}
    for log, pair in _pairs(attempts, stage):
        for side in _SIDES:
            by_server.setdefault((side, pair[side].facts.get("server", 0)), []).append(log)
    medians = [float(np.median(logs)) for logs in by_server.values()]
    if medians and min(medians) > edge:
        return "slower"
    return "faster" if medians and max(medians) < -edge else ""


def _pairs(attempts: Iterable[Attempt], stage: str) -> list[tuple[float, dict[str, Attempt]]]:
    """Gives ``ln(head / base)`` and the attempts of each pair of one case and stage, in order."""
    pairs: dict[int, dict[str, Attempt]] = {}
    for attempt in attempts:
        if attempt.kind == "timing" and attempt.blocks and attempt.facts.get("stage") == stage:
            pairs.setdefault(attempt.round, {})[attempt.group] = attempt
    both = [pair for _, pair in sorted(pairs.items()) if len(pair) == 2]
    return [(round_log_ratio(pair["head"].per_call_s, pair["base"].per_call_s), pair) for pair in both]


class _Timed:
    """A case that both sides timed: what its rounds say."""

    def __init__(self, about: Mapping[str, Any], attempts: Sequence[Attempt], margin: float) -> None:
        self.about, self.attempts = about, attempts
        confirming = paired_logs(attempts, "confirm")
        self.confirmed = bool(confirming)
        self.decision = decide(confirming or paired_logs(attempts, "screen"), margin)
        self.shown = shown_by_every_server(attempts, "confirm", margin)

    @property
    def p_changed(self) -> float:
        """Probability of such ranks in either direction, were the change within the margin."""
        return min(1.0, 2 * min(self.decision.p_slower, self.decision.p_faster))

    def seconds(self, side: str) -> float | None:
        """Gives the median seconds a call of one side, over the rounds that judge."""
        stage = "confirm" if self.confirmed else "screen"
        own = [a for a in self.attempts if a.group == side and a.blocks and a.facts.get("stage") == stage]
        return float(np.median([round_latency(a.per_call_s) for a in own])) if own else None


def _latency_verdicts(timed: Sequence[_Timed]) -> list[Verdict]:
    confirmed = [each for each in timed if each.confirmed]
    changed = [each.p_changed for each in confirmed]
    adjusted: Sequence[float] = list(stats.false_discovery_control(changed)) if changed else []
    sure = {id(each) for each, p in zip(confirmed, adjusted, strict=True) if p <= _FALSE_DISCOVERIES}
    return [_latency(each, id(each) in sure) for each in timed]


def _latency(each: _Timed, sure: bool) -> Verdict:
    decision = each.decision
    verdict, reason, detail = _word(each, decision, sure)
    ratio = decision.ratio
    return Verdict(
        **each.about,
        metric="latency",
        verdict=verdict,
        reason=reason,
        detail=detail,
        base=each.seconds("base"),
        head=each.seconds("head"),
        ratio=_present(ratio.centre),
        ratio_ci_low=_present(ratio.low),
        ratio_ci_high=_present(ratio.high),
        rounds=ratio.count,
        more_rounds=decision.more_rounds if verdict == "inconclusive" else None,
    )


def _word(each: _Timed, decision: Decision, sure: bool) -> tuple[str, str, str]:
    direction = "slower" if decision.p_slower < decision.p_faster else "faster"
    if sure and each.shown == direction:
        return ("regressed" if direction == "slower" else "improved"), "beyond_margin", ""
    if decision.word == "same":
        return "unchanged", "within_margin", ""
    if decision.word == "few":
        return "inconclusive", "too_few_rounds", ""
    if each.confirmed:
        return "inconclusive", "not_confirmed", "processes of some fork servers only are affected" if sure else ""
    if decision.word == "open":
        return "inconclusive", "straddles_margin", ""
    return "inconclusive", "not_measured_again", ""


def _facts(attempts: Sequence[Attempt], side: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for attempt in attempts:
        if attempt.group == side and attempt.kind in ("cost", "accuracy"):
            facts |= attempt.facts
    return facts


def _unsteady(attempts: Sequence[Attempt]) -> set[str]:
    """Gives the columns in which two cost passes over one revision differ."""
    found: set[str] = set()
    for side in _SIDES:
        passes = [a.facts for a in attempts if a.group == side and a.kind == "cost"]
        for again in passes[1:]:
            found |= {name for name, value in again.items() if passes[0].get(name) != value}
    return found & set(EXACT)


def _not_repeatable(name: str, about: dict[str, Any]) -> Verdict:
    return Verdict(**about, metric=name, verdict="inconclusive", reason="not_repeatable")


def _present(value: float) -> float | None:
    return None if math.isnan(value) else value


def _side(info: Mapping[str, Any], side: str) -> Side:
    known = {field.name for field in dataclasses.fields(Side)}
    return Side(
        **{name: value for name, value in info[side].items() if name in known}, machine=info["machine"]["name"]
    )
