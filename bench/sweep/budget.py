"""Which part of a group is measured next, with which cases, and when to stop.

Rounds go lap by lap over all parts, so that a part's rounds are spread over the run and see the machine in more than
one mood. From the least number of rounds on, a lap is only run over what is still open: first cases whose interval
holds 1 (who wins is not yet said), then cases whose interval is wider than the precision asked for.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from bench.attempt import Attempt
from bench.case import Case
from bench.stats.interval import Estimate, log_interval
from bench.stats.ratio import round_log_ratio

__all__ = ["Part", "Policy", "next_part"]


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """When measuring stops."""

    budget_s: float
    """Seconds for the whole run."""
    precision: float
    """Half the width of a ratio's interval, relative, at which a case is done."""
    min_rounds: int
    """Rounds that every case gets, budget permitting."""
    max_rounds: int
    """Rounds after which a case is done whatever its interval."""


class Part:
    """Cases that are measured together, and what their rounds have said so far.

    Args:
        name: of the part, unique in the run.
        cases: its members, in the order of the suite.
        baseline: the member to which the others are compared.
    """

    def __init__(self, name: str, cases: Sequence[Case], baseline: Case) -> None:
        self.name, self.baseline = name, baseline
        self.cases = list(cases)
        self.rounds = 0
        self.round_s = 0.0
        self._logs: dict[str, list[float]] = {case.case_hash: [] for case in cases}

    def retire(self, case_hash: str) -> None:
        """Takes a case that has failed out of further rounds; its status stands in the journal."""
        self.cases = [case for case in self.cases if case.case_hash != case_hash]

    def record(self, attempts: Iterable[Attempt]) -> None:
        """Takes in the attempts of one round."""
        by_hash = {attempt.case_hash: attempt for attempt in attempts}
        for attempt in by_hash.values():
            self.rounds = max(self.rounds, attempt.round + 1)
            self.round_s = attempt.wall_s
            if attempt.status != "ok":
                self.retire(attempt.case_hash)
        base = by_hash.get(self.baseline.case_hash)
        if base is None or not base.blocks:
            return
        for case_hash, attempt in by_hash.items():
            if case_hash in self._logs and attempt.blocks:
                self._logs[case_hash].append(round_log_ratio(attempt.per_call_s, base.per_call_s))

    def ratio(self, case_hash: str) -> Estimate:
        """Gives a case's ratio to the baseline as far as it is known."""
        return log_interval([log for log in self._logs[case_hash] if not math.isnan(log)])

    def open_cases(self, policy: Policy) -> list[Case]:
        """Gives the cases that need more rounds, baseline first; empty when the part is done."""
        if not self.cases or self.rounds >= policy.max_rounds:
            return []
        others = [c for c in self.cases if c != self.baseline]
        if self.rounds >= policy.min_rounds:
            others = [c for c in others if not self._precise(c, policy)]
            if not others:
                return []
        return ([self.baseline] if self.baseline in self.cases else []) + others

    def undecided(self, policy: Policy) -> bool:
        """Whether for some open case it is not yet said which is faster."""
        ratios = [self.ratio(case.case_hash) for case in self.open_cases(policy) if case != self.baseline]
        return any(not (ratio.high < 1 or ratio.low > 1) for ratio in ratios)

    def _precise(self, case: Case, policy: Policy) -> bool:
        if self.baseline not in self.cases:
            return True  # no ratio will ever come; more rounds would only take them from others
        ratio = self.ratio(case.case_hash)
        return ratio.half_width <= policy.precision * ratio.centre


def next_part(parts: Sequence[Part], policy: Policy, elapsed_s: float) -> Part | None:
    """Gives the part whose round comes next, or nothing when all are done or no round fits the budget.

    Args:
        parts: all parts, cheapest first.
        policy: when to stop.
        elapsed_s: seconds since the run began.
    """
    left = policy.budget_s - elapsed_s
    able = [part for part in parts if part.open_cases(policy) and part.round_s <= left and left > 0]
    if not able:
        return None
    return min(able, key=lambda part: (_urgency(part, policy), part.rounds))


def _urgency(part: Part, policy: Policy) -> int:
    if part.rounds < policy.min_rounds:
        return 0
    return 1 if part.undecided(policy) else 2
