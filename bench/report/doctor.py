"""What `bench doctor` found, as text for a terminal and as JSON.

Goes in: findings and noise floors. Comes out: text, the worst first, each with what it means and what to do.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from bench.case import Case
from bench.machine.finding import STATES, Finding
from bench.stats.noise_floor import NoiseFloor
from bench.units import ratio_text, seconds_text

__all__ = ["MINUTES", "findings_text", "floor_json", "floors_text"]

MINUTES = (1, 5, 15)
"""For which times the smallest visible change is told."""

_MINUTES_SAID = 5

_WIDTH = 110
_INDENT = 20


def findings_text(findings: Sequence[Finding]) -> str:
    """Gives the findings, the worst first, and how many there are of each state."""
    lines = []
    for finding in sorted(findings, key=lambda each: STATES.index(each.state)):
        lines += _wrapped(f"{finding.state:8}{finding.check:12}", finding.found)
        lines += _wrapped(f"{'':8}{'means':12}", finding.means) if finding.means else []
        lines += _wrapped(f"{'':8}{'do':12}", finding.remedy) if finding.remedy else []
    counts = [(state, sum(each.state == state for each in findings)) for state in STATES]
    lines.append(", ".join(f"{count} {state}" for state, count in counts if count))
    return "\n".join(lines)


def floors_text(floors: Sequence[tuple[Case, NoiseFloor | None, str]], cases: int) -> str:
    """Gives the noise floor of each case: its spread, and the smallest change that so many minutes show.

    Args:
        floors: case, its noise floor, and why there is none.
        cases: how many cases share the minutes.
    """
    head = ["the same code against itself", "threads", "ratio [95 %]", "spread", "a pair"]
    rows = [[*head, *(f"{minutes} min" for minutes in MINUTES)]]
    told = []
    for case, floor, reason in floors:
        name = case.replace(threads=None).case_id
        if floor is None:
            told.append(f"{name}: {reason}")
            continue
        ratio = ratio_text(floor.ratio.centre, floor.ratio.low, floor.ratio.high)
        row = [name, str(case.threads or "-"), ratio, _percent(floor.spread), seconds_text(floor.pair_s)]
        rows.append([*row, *(_percent(floor.smallest_change(60 * minutes, cases)) for minutes in MINUTES)])
        told += _sentence(case, floor, cases)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join([f"noise floor: smallest change that can be told from none, {cases} cases", *lines, *told])


def _sentence(case: Case, floor: NoiseFloor, cases: int) -> list[str]:
    change = floor.smallest_change(60 * _MINUTES_SAID, cases)
    if math.isnan(change):
        return []
    like = f"like this one, {case.threads} thread{'s' if case.threads > 1 else ''}" if case.threads else "on the GPU"
    said = f"On this machine a change below {_percent(change)} cannot be seen in {_MINUTES_SAID} minutes"
    return [f"{said} ({cases} cases {like}), and one of just that half of the time; bench ab adds its margin."]


def floor_json(floor: NoiseFloor, cases: int) -> dict[str, Any]:
    """Gives a noise floor as JSON takes it; what is absent is null."""
    changes = {str(minutes): _number(floor.smallest_change(60 * minutes, cases)) for minutes in MINUTES}
    return {
        "pairs": floor.ratio.count,
        "spread": _number(floor.spread),
        "pair_s": floor.pair_s,
        "ratio": floor.ratio.centre,
        "ratio_ci_low": _number(floor.ratio.low),
        "ratio_ci_high": _number(floor.ratio.high),
        "cases": cases,
        "smallest_change_by_minutes": changes,
    }


def _wrapped(first: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * _INDENT, break_long_words=False)


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.2g} %"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
