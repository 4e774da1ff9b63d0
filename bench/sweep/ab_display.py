"""What a person sees while two revisions are compared: a line when something is settled, on the error stream.

On a terminal one line is redrawn, between pairs only; elsewhere a line a quarter of a minute.
"""

from __future__ import annotations

import math
import sys

from bench.attempt import Attempt
from bench.case import Case
from bench.stats.decision import Decision
from bench.units import duration_text, ratio_text, seconds_text

__all__ = ["PairDisplay"]

_LINE_EVERY_S = 15.0


class PairDisplay:
    """Tells a person how a comparison goes.

    Args:
        budget_s: when it stops.
        cases: how many are compared.
    """

    def __init__(self, budget_s: float, cases: int) -> None:
        self._budget_s, self._cases = budget_s, cases
        self._words: dict[str, str] = {}
        self._said_s = -math.inf
        self._live = sys.stderr.isatty()

    def told(self, text: str) -> None:
        """Tells a sentence."""
        print(text, file=sys.stderr, flush=True)

    def passed(self, side: str, case: Case, attempt: Attempt) -> None:
        """Tells of an untimed pass that failed."""
        if attempt.status != "ok":
            self.told(f"{side}: {attempt.kind} pass of {case.case_id}: {attempt.status}: {attempt.reason}")

    def paired(self, stage: str, case: Case, decision: Decision, elapsed_s: float) -> None:
        """Tells of a pair, if the last line is long ago."""
        self._words[case.case_hash] = decision.word
        settled = sum(word not in ("open", "few") for word in self._words.values())
        ratio = decision.ratio
        left = duration_text(max(0.0, self._budget_s - elapsed_s))
        text = (
            f"{stage}ing, round {ratio.count} of {case.case_id}: head takes "
            f"{ratio_text(ratio.centre, ratio.low, ratio.high)} × the time of base "
            f"({settled} of {self._cases} settled, {left} left at most)"
        )
        if self._live:
            print(f"\r{text[:118]:118}", end="", file=sys.stderr, flush=True)
        elif elapsed_s - self._said_s >= _LINE_EVERY_S:
            self._said_s = elapsed_s
            self.told(f"[{seconds_text(elapsed_s):>7}] {text}")

    def close(self) -> None:
        """Ends the line that is redrawn."""
        if self._live:
            print(file=sys.stderr)
