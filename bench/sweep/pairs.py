"""Two revisions -> attempts of both in one journal: passes of each, then pair after pair until all is decided.

A pair is one case in two fresh processes, one of each revision, alive together, that take turns as ABBA. First every
case is screened: rounds go to what is still open. What looks changed is flagged, and measured again in fresh rounds
from fresh fork servers, whose number is fixed before the first of them; only those judge it. So the screening may
look at its rounds as often as it likes, and stop when it likes, without a false alarm more. Three servers a side are
few, and a layout that makes one of them slow is no change: each of the six has to show it (`analysis.ab`).
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from bench.attempt import Attempt
from bench.case import Case
from bench.stats.decision import Decision, decide
from bench.stats.ratio import round_log_ratio
from bench.stats.turns import mirrored_orders
from bench.store.journal import Journal
from bench.sweep.executors.local import SERVERS, LocalExecutor
from bench.sweep.round import Limits, Rhythm, Seat, conduct

__all__ = ["BASE", "HEAD", "PAIR_RHYTHM", "ROUNDS", "Comparing", "PairObserver", "PairPolicy", "pair_round"]

BASE, HEAD = "base", "head"
PAIR_RHYTHM = Rhythm(orders=mirrored_orders, span_s=0.36, turns=(2, 8), multiple=2)
"""Eight turns of calls below 10 ms. A turn's log-ratio scatters by 0.055, the processes of a pair by 0.015, and to
start and end them costs as much as five turns: so the variance for the time spent is least at eight (docs/log.md)."""

ROUNDS = (8, 60)
"""Pairs that every case gets, budget permitting, and those after which it is left as it is."""

_SCREENING_LEVEL = 0.9
_SERVERS_S = 5.0  # fresh fork servers of both revisions, on two cores
_CONFIRMING_ROUNDS = (10, 40)


@dataclasses.dataclass(frozen=True, slots=True)
class PairPolicy:
    """When measuring stops."""

    budget_s: float
    """Seconds for all of it."""
    margin: float
    """0.02: a change of less than 2 % is none."""
    min_rounds: int = ROUNDS[0]
    """Pairs that every case gets, budget permitting."""
    max_rounds: int = ROUNDS[1]
    """Pairs after which a case is left as it is."""


class PairObserver(Protocol):
    """Who is told how the comparison goes."""

    def passed(self, side: str, case: Case, attempt: Attempt) -> None:
        """One untimed pass is done."""

    def paired(self, stage: str, case: Case, decision: Decision, elapsed_s: float) -> None:
        """One pair is done."""


class _Screened:
    """A case, and what its pairs have said so far."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.logs: list[float] = []
        self.pairs = 0
        self.flagged = self.failed = False
        self.timeouts = 0
        self.pair_s = 0.0

    def suspected(self, margin: float) -> bool:
        """Whether it looks changed: the whole interval of `_SCREENING_LEVEL` is beyond the margin."""
        return decide(self.logs, margin, _SCREENING_LEVEL).word in ("slower", "faster")

    def settled(self, margin: float) -> bool:
        """Whether it will be called unchanged: the interval that judges, which is wider, is within the margin."""
        return decide(self.logs, margin).word == "same"


class Comparing:
    """A comparison in progress.

    Args:
        cases: what both revisions have, timed.
        sides: base's executor and head's.
        fresh: makes new executors, for what is confirmed; they are closed here.
        policy: when to stop.
        journal: where attempts go; ``group`` is the side.
        run: names the run; orders and memory layouts come from it.
        limits: of each attempt.
        clock: seconds since the beginning.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        sides: dict[str, LocalExecutor],
        policy: PairPolicy,
        *,
        fresh: Callable[[], dict[str, LocalExecutor]],
        journal: Journal,
        run: str,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._cases, self._sides, self._fresh, self._policy = list(cases), sides, fresh, policy
        self._journal, self._run, self._limits, self._clock = journal, run, limits, clock
        self._rounds = 0

    def run(self, observer: PairObserver) -> None:
        """Measures until everything is decided or the budget is spent."""
        able = [_Screened(case) for case in self._cases if self._pass(case, observer)]
        while True:
            self._screen(able, observer)
            flagged = [each for each in able if each.flagged]
            if not flagged:
                return
            self._confirm(flagged, observer)
            able = [each for each in able if not each.flagged]

    def _pass(self, case: Case, observer: PairObserver) -> bool:
        """Makes the passes of both sides; says whether both can be timed."""
        found: dict[str, dict[str, Attempt]] = {"cost": {}, "accuracy": {}}
        for kind, of_kind in found.items():
            for side in (BASE, HEAD):
                of_kind[side] = self._untimed(kind, side, case, observer)
            if kind == "cost" and any(attempt.status != "ok" for attempt in of_kind.values()):
                return False
        base, head = (_counts(found["cost"][side]) for side in (BASE, HEAD))
        if base != head:  # once more, to see whether they repeat
            for side in (BASE, HEAD):
                self._untimed("cost", side, case, observer)
        return True

    def _untimed(self, kind: str, side: str, case: Case, observer: PairObserver) -> Attempt:
        attempt = dataclasses.replace(self._sides[side].untimed(kind, case), group=side)
        self._journal.append([attempt])
        observer.passed(side, case, attempt)
        return attempt

    def _screen(self, screened: Sequence[_Screened], observer: PairObserver) -> None:
        """Measures lap by lap what is still open, until only what is flagged is left, or its time has come."""
        rng = random.Random(f"{self._run} {self._rounds}")
        while True:
            lap = [each for each in screened if self._open(each)]
            if not lap:
                return
            for each in rng.sample(lap, len(lap)):
                if not self._time_for(each, screened):
                    return
                self._pair(each, self._sides, "screen", observer)
                if len(each.logs) >= self._policy.min_rounds:
                    each.flagged = each.suspected(self._policy.margin)

    def _open(self, each: _Screened) -> bool:
        if each.flagged or each.failed or len(each.logs) >= self._policy.max_rounds:
            return False
        return len(each.logs) < self._policy.min_rounds or not each.settled(self._policy.margin)

    def _time_for(self, each: _Screened, screened: Sequence[_Screened]) -> bool:
        """Whether a pair still fits, when what is flagged keeps the time that its confirming will take."""
        flagged = [one for one in screened if one.flagged]
        kept = sum(one.pair_s for one in flagged) * _CONFIRMING_ROUNDS[0] * 2 + (_SERVERS_S if flagged else 0.0)
        return self._clock() + each.pair_s + kept < self._policy.budget_s

    def _confirm(self, flagged: Sequence[_Screened], observer: PairObserver) -> None:
        left = self._policy.budget_s - self._clock() - _SERVERS_S
        lap_s = sum(each.pair_s for each in flagged)
        least, most = _CONFIRMING_ROUNDS
        rounds = max(least, min(most, int(left / lap_s) if lap_s else most))
        sides = self._fresh()
        try:
            for executor in sides.values():
                _ = executor.facts  # all of them have torch before the first pair, or it is imported beside that
            for each in flagged:
                each.logs, each.pairs = [], 0
            for _ in range(rounds):
                for each in flagged:
                    if not each.failed:
                        self._pair(each, sides, "confirm", observer)
        finally:
            for executor in sides.values():
                executor.close()

    def _pair(self, each: _Screened, sides: dict[str, LocalExecutor], stage: str, observer: PairObserver) -> None:
        words: dict[str, Any] = {"run": self._run, "limits": self._limits, "clock": self._clock}
        pair = pair_round(each.case, sides, number=self._rounds, nth=each.pairs, **words)
        self._rounds += 1
        each.pairs += 1
        self._journal.append(
            dataclasses.replace(attempt, facts={**attempt.facts, "stage": stage}) for attempt in pair.values()
        )
        bad = [attempt.status for attempt in pair.values() if attempt.status != "ok"]
        if bad:  # its status stands in the journal; it gets no more rounds, unless the machine may have stood still
            each.timeouts += "timeout" in bad
            each.failed = bad != ["timeout"] or each.timeouts > 1
            return
        each.pair_s = pair[BASE].wall_s
        each.logs.append(round_log_ratio(pair[HEAD].per_call_s, pair[BASE].per_call_s))
        observer.paired(stage, each.case, decide(each.logs, self._policy.margin), self._clock())


def pair_round(
    case: Case,
    sides: dict[str, LocalExecutor],
    *,
    number: int,
    nth: int,
    run: str,
    limits: Limits,
    clock: Callable[[], float],
    rhythm: Rhythm = PAIR_RHYTHM,
) -> dict[str, Attempt]:
    """Measures one case once of each revision, both processes alive together.

    Args:
        number: of the round, in the run.
        nth: of the case's own pairs, from 0: over nine of them each fork server of one side meets each of the other.

    Returns:
        `base` and `head`: the attempts, their ``group`` the side; the fact `server` says what each is forked from.
    """
    chosen = {BASE: nth % SERVERS, HEAD: nth // SERVERS % SERVERS}
    servers = {side: sides[side].server(chosen[side]) for side in chosen}
    order = random.Random(f"{run} {case.case_hash} {number} seats").sample((BASE, HEAD), 2)
    seats = [Seat(servers[side], case) for side in order]
    attempts = conduct(seats, group=case.case_hash, number=number, run=run, limits=limits, clock=clock, rhythm=rhythm)
    return {
        side: dataclasses.replace(attempt, group=side, facts={**attempt.facts, "server": chosen[side]})
        for side, attempt in zip(order, attempts, strict=True)
    }


def _counts(attempt: Attempt) -> dict[str, int]:
    """Gives what a pass has counted: bytes, operations, parameters; what it has timed is no whole number."""
    return {name: value for name, value in attempt.facts.items() if isinstance(value, int)}
