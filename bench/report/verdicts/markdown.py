"""For a pull request or a job's page: counts on top, a table of what is urgent, and one that is folded of the rest.

Every row is a verdict in words. Where a size is given, rows are left out from the end, the least urgent first, and
how many is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.report.markdown import escape
from bench.report.verdicts._words import (
    about,
    change,
    clipped,
    counts,
    listed,
    next_step,
    plain,
    sign,
    summed_up,
    told_beside,
    why,
)
from bench.verdict import Comparison, Verdict

__all__ = ["render"]

_HEAD = ("| verdict | case | what became of it | why, and what next |", "|---|---|---|---|")
_FOLD = ("", "<details><summary>unchanged</summary>", "", *_HEAD)
_UNFOLD = ("", "</details>")
_MOST_BESIDE = 30  # differences and notes, of which a comparison has a handful


def render(comparison: Comparison, most_bytes: int | None = None) -> str:
    """Gives the comparison as Markdown.

    Args:
        comparison: what was found.
        most_bytes: size of the text in UTF-8 at the most; absent: all of it.
    """
    top = [f"### {_cell(about(comparison))}", "", *(f"- **{escape(text)}**" for text in counts(comparison))]
    beside = told_beside(comparison)
    top += [f"- {_cell(text)}" for text in beside[:_MOST_BESIDE]]
    if len(beside) > _MOST_BESIDE:
        top.append(f"- {len(beside) - _MOST_BESIDE} more differences and notes are left out")
    if text := summed_up(comparison):
        top.append(f"- {escape(text)}")
    verdicts = listed(comparison)
    rows = [_row(comparison, verdict) for verdict in verdicts]
    kept = (
        rows if most_bytes is None else rows[: _fitting(rows, most_bytes - _bytes([*top, *_HEAD, *_FOLD, *_UNFOLD]))]
    )
    urgent = sum(verdict.verdict != "unchanged" for verdict in verdicts)
    lines = [*top, *_table(kept[:urgent], ("", *_HEAD), ()), *_table(kept[urgent:], _FOLD, _UNFOLD)]
    if left_out := len(rows) - len(kept):
        lines += ["", f"{left_out} more verdicts, the least urgent, are left out here."]
    return "\n".join(lines)


def _table(rows: Sequence[str], before: Iterable[str], after: Iterable[str]) -> list[str]:
    return [*before, *rows, *after] if rows else []


def _row(comparison: Comparison, verdict: Verdict) -> str:
    step = next_step(comparison, verdict)
    reason = why(verdict) + (f"; {step}" if step else "")
    cells = (sign(verdict), plain(verdict.case_id), change(verdict), reason)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return escape(clipped(text))


def _fitting(rows: Sequence[str], most_bytes: int) -> int:
    """Gives how many rows fit, beside the line that tells how many do not."""
    room = most_bytes - 80
    for number, row in enumerate(rows):
        room -= _bytes([row])
        if room < 0:
            return number
    return len(rows)


def _bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
