"""An audit on a terminal: what does not hold first, each with what reproduces it, then a matrix that fits
80 columns, and why its cells are not `y`.

Goes in: the rows of an audit. Comes out: printed text. A property is a letter in the matrix, explained above it.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from bench.report.audit import MARKS, mark_of, matrix, violations
from bench.units import plural_text

__all__ = ["print_audit"]

_LEGEND_COLUMNS = 3
_SHORTEST_NAME = 12
_MOST_REASONS = 30
_MOST_NAMES = 3
_LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits
_STYLES = {"✗": "bold red", "y": "green", "n": "yellow"}


def print_audit(
    rows: Sequence[Mapping[str, Any]], console: Console, *, seed: Mapping[str, Any] | None = None
) -> None:
    """Prints an audit.

    Args:
        rows: of `audit.json`.
        console: where to.
        seed: of `audit.json`: the errors of the article, which only the page shows; absent where none were computed.
    """
    for row in violations(rows):
        console.print(Text(f"✗ {row['operator']}[{row['provider']}] {row['property']}", style="bold red"))
        console.print(Text(f"    claimed   {row['claimed']}"), soft_wrap=True)
        console.print(Text(f"    observed  {row['observed']}"), soft_wrap=True)
        if row["evidence"]:
            console.print(Text(f"    at        {row['evidence']}"), soft_wrap=True)
        console.print(Text(f"    again     {row['command']}"), soft_wrap=True)
    if len(rows) and len({row["property"] for row in rows}) <= 2:
        _print_rows(rows, console)
    elif len(rows):
        _print_matrix(rows, console)
        _print_reasons(rows, console)
    for reason in dict.fromkeys(row["observed"] for row in rows if "is not installed" in row["observed"]):
        console.print(Text(reason))
    claims = [row for row in rows if row["claimed"]]
    holding = sum(row["holds"] is True for row in claims)
    unseen = sum(row["holds"] is None for row in claims)
    broken = len(violations(rows))
    told = f"{holding} of {len(claims)} claims hold; {broken} do not; {unseen} could not be judged here."
    console.print(Text(told), soft_wrap=True)
    if seed:
        exhibits = plural_text(len(seed["exhibits"]), "error")
        shown = f"The report has a section on the article behind the seed: {exhibits}, each with what shows it."
        console.print(Text(shown), soft_wrap=True)


def _print_rows(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    for row in rows:
        if row["holds"] is not False:
            who = f"{row['operator']}[{row['provider']}] {row['property']}"
            console.print(Text(f"  {who}: {row['claimed'] or 'no claim'}; {row['observed']}"))


def _print_matrix(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = matrix(rows)
    legend = [f"{letter} {name:23}" for letter, name in zip(_LETTERS, table.properties, strict=False)]
    for start in range(0, len(legend), _LEGEND_COLUMNS):
        console.print(Text(" ".join(legend[start : start + _LEGEND_COLUMNS]).rstrip()))
    console.print(Text("   ".join(f"{mark} {says}" for mark, says in MARKS.items())))
    longest = max(len(f"{operator}[{provider}]") for operator, provider, _ in table.lines)
    width = min(longest, max(_SHORTEST_NAME, console.width - len(table.properties) - 1))
    console.print(Text(" " * (width + 1) + _LETTERS[: len(table.properties)]), soft_wrap=True)
    for operator, provider, cells in table.lines:
        name = f"{operator}[{provider}]"
        line = Text(f"{name if len(name) <= width else name[: width - 1] + '…':{width}} ")
        for mark, _ in cells:
            line.append(mark or " ", style=_STYLES.get(mark))
        console.print(line, soft_wrap=True)


def _print_reasons(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Prints what was observed where a cell is n or –: the same words once, what most cells share first."""
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if mark_of(row) in ("n", "–") and "is not installed" not in row["observed"]:
            alike.setdefault((mark_of(row), row["observed"]), []).append(row)
    ordered = sorted(alike.items(), key=lambda each: -len(each[1]))
    for (sign, observed), same in ordered[:_MOST_REASONS]:
        properties = _few(row["property"] for row in same)
        who = _few(f"{row['operator']}[{row['provider']}]" for row in same)
        console.print(Text(f"{sign} {properties} of {who}: {observed}"), soft_wrap=True)
    if len(ordered) > _MOST_REASONS:
        console.print(Text(f"… {len(ordered) - _MOST_REASONS} more of these are in the report"))


def _few(names: Iterable[str]) -> str:
    once = list(dict.fromkeys(names))
    more = len(once) - _MOST_NAMES
    return ", ".join(once[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
