"""For a person at a terminal: counts on top, then a verdict at a time, the most urgent first.

In colours where standard output is a terminal (`NO_COLOR` is heeded); without any markup where it is a file.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.report.verdicts._words import (
    about,
    change,
    counts,
    listed,
    next_step,
    plain,
    sign,
    summed_up,
    told_beside,
    why,
)
from bench.verdict import Comparison

__all__ = ["render", "show"]

_STYLES = {
    "regressed": "bold red",
    "failed": "bold red",
    "vanished": "yellow",
    "changed": "yellow",
    "inconclusive": "yellow",
    "improved": "green",
    "new": "cyan",
    "unchanged": "dim",
}
_WORD = 14  # the longest sign and word


def render(comparison: Comparison) -> str:
    """Gives the comparison as lines of text."""
    return "\n".join(text for text, _ in _lines(comparison))


def show(comparison: Comparison) -> None:
    """Prints it, in colours on a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for text, style in _lines(comparison):
        console.print(Text(text, style))


def _lines(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yields each line and its style."""
    yield about(comparison), "bold"
    for text in counts(comparison):
        yield text, ""
    for text in told_beside(comparison):
        yield text, "yellow"
    for verdict in listed(comparison):
        style = _STYLES[verdict.verdict]
        head = f"{sign(verdict):{_WORD}}  {plain(verdict.case_id)}"
        moved, step = change(verdict), next_step(comparison, verdict)
        reason = why(verdict) + (f"; {step}" if step else "")
        if verdict.verdict == "unchanged" or not moved:
            yield f"{head}: {moved or reason}", style
        else:
            yield head, style
            for text in (moved, reason):
                yield f"{'':{_WORD}}  {text}", ""
    if text := summed_up(comparison):
        yield text, "dim"
