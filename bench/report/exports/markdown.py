"""Markdown: a table for each group, the fastest case first, for a pull request or a page of documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.report.exports._printed import HEADINGS, groups, reasons, title
from bench.report.markdown import escape

__all__ = ["about", "holds_failures", "render"]

about = "a table a group, for pull requests and pages"
holds_failures = True


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives GitHub-flavoured Markdown in which no text of a case can break a table or become markup."""
    lines = [f"## {escape(title(run_info))}", ""]
    for group in groups(table):
        rule = "|---|" + "---:|" * (len(HEADINGS) - 1)
        lines += [f"### {escape(group.name)}", "", _row(HEADINGS), rule, *map(_row, group.rows), ""]
    lines += [f"- {escape(reason)}" for reason in reasons(table)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"
