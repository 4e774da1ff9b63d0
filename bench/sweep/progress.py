"""What a person sees while a sweep runs: time left and the latest result.

On a terminal one line is redrawn, between rounds only: nothing of ours runs while workers measure. Elsewhere plain
lines: one for each part's first round, then one every quarter of a minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bench.attempt import Attempt
from bench.case import Case
from bench.stats.interval import Estimate
from bench.sweep.budget import Part, Policy
from bench.units import duration_text, ratio_text, seconds_text

__all__ = ["Display"]

_LINE_EVERY_S = 15.0


class Display:
    """Tells a person how the sweep goes.

    Args:
        console: where to.
        parts: all parts of the sweep.
        policy: when it stops; time left is said from its budget.
        cases: how many cases have passes before their first round.
    """

    def __init__(self, console: Console, parts: Sequence[Part], policy: Policy, cases: int) -> None:
        self._console, self._parts, self._policy = console, parts, policy
        self._cases, self._passed, self._elapsed_s, self._said_s = cases, set[str](), 0.0, -math.inf
        self._last = ""
        self._ids = {case.case_hash: case.case_id for part in parts for case in part.cases}
        # Without markup: the brackets of `linformer[bench]` are no style.
        left, said = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[said]}"))
        columns = (left, BarColumn(bar_width=20), said)
        self._bar = Progress(*columns, console=console, auto_refresh=False, transient=True)
        self._task = self._bar.add_task("starting", total=policy.budget_s, said="")
        self._live = console.is_terminal

    def __enter__(self) -> Display:
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._bar.stop()

    def passed(self, part: Part, case: Case, attempt: Attempt) -> None:
        """Tells of an untimed pass; a failure always gets a line."""
        self._passed.add(case.case_hash)
        self._elapsed_s = max(self._elapsed_s, attempt.started_s + attempt.wall_s)
        if attempt.status != "ok":
            self._print(f"{attempt.kind} pass of {case.case_id}: {attempt.status}: {attempt.reason}")
        self._draw(f"{attempt.kind} pass {len(self._passed)}/{self._cases}: {case.case_id}")

    def rounded(self, part: Part, attempts: Sequence[Attempt], elapsed_s: float) -> None:
        """Tells of a round; a failure always gets a line."""
        self._elapsed_s = elapsed_s
        names = {case.case_hash: case for case in part.cases}
        for attempt in attempts:
            if attempt.status != "ok":
                case_id = self._ids.get(attempt.case_hash, attempt.case_hash)
                self._print(f"round {attempt.round + 1} of {case_id}: {attempt.status}: {attempt.reason}")
        self._last = f"{part.name}, round {part.rounds}: {self._result(part, names)}"
        due = part.rounds == 1 or elapsed_s - self._said_s >= _LINE_EVERY_S
        if due and not self._live:
            self._print(f"{self._last} ({self._left()})")
        self._draw(self._last)

    def _result(self, part: Part, names: dict[str, Case]) -> str:
        known = {h: part.ratio(h) for h in names if h != part.baseline.case_hash}
        known = {h: ratio for h, ratio in known.items() if not math.isnan(ratio.centre)}
        if not known:
            return "measured"
        fastest = min(known, key=lambda h: known[h].centre)
        return f"{_short(names[fastest])} {_times(known[fastest])} of {_short(part.baseline)}"

    def _left(self) -> str:
        left = duration_text(max(0.0, self._policy.budget_s - self._elapsed_s))
        still_open = sum(bool(part.open_cases(self._policy)) for part in self._parts)
        return f"{left} left at most, {still_open} of {len(self._parts)} open"

    def _draw(self, text: str) -> None:
        if self._live:
            self._bar.update(self._task, completed=self._elapsed_s, description=self._left(), said=text)
            self._bar.refresh()

    def _print(self, text: str) -> None:
        self._said_s = self._elapsed_s
        line = f"[{seconds_text(self._elapsed_s):>7}] {text}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _short(case: Case) -> str:
    """Gives a case as its neighbours tell it apart, by provider too: a package may offer the baseline's operator."""
    rank = f" r={case.rank}" if case.rank is not None else ""
    return f"{case.operator}[{case.provider}]{rank}{' compiled' if case.compiled else ''}"


def _times(ratio: Estimate) -> str:
    return f"takes {ratio_text(ratio.centre, ratio.low, ratio.high)} × the time"
