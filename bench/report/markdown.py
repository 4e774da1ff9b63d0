"""The report in a page of Markdown: claims, verdict and a compact table, for a pull request or a terminal.

Goes in: claims, findings, crossovers and the table. Comes out: text in which no cell can break a table or become
markup.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bench.analysis.errors import error_texts
from bench.analysis.finding import Finding
from bench.analysis.scaling import peak_bytes
from bench.report.claims import Claim, claim_lines, told_claims
from bench.units import bytes_text, plural_text, ratio_text, seconds_text

__all__ = ["escape", "summary"]

_HEADINGS = ("case", "status", "latency [interval]", "ratio to baseline [95 %]", "peak memory", "error of A or o")


def escape(text: str) -> str:
    """Gives text that Markdown prints as it stands, in one line."""
    for sign, safe in {"\\": "\\\\", "|": "\\|", "`": "\\`", "<": "&lt;", "*": "\\*", "_": "\\_", "[": "\\["}.items():
        text = text.replace(sign, safe)
    return " ".join(text.split())


def summary(
    title: str,
    table: pd.DataFrame,
    findings: Sequence[Finding],
    crossovers: pd.DataFrame,
    claims: pd.DataFrame,
) -> str:
    """Gives the text of `summary.md`.

    Args:
        title: the suite's name.
        table: one row a case.
        findings: of `analysis.verdict.findings`.
        crossovers: of `analysis.crossover.crossovers`.
        claims: of `analysis.claims.claims`.
    """
    lines = [f"# bench: {escape(title)}", "", *_claims(told_claims(claims)), "## Verdict", ""]
    for finding in findings:
        where = f"**{escape(finding.where)}**: " if finding.where else ""
        lines.append(f"- {where}{escape(finding.headline)}")
        lines += [f"  - {escape(detail)}" for detail in finding.details]
    if len(crossovers):
        lines += ["", "## From which length on", "", *_lengths(crossovers)]
    lines += ["", "## Cases", "", _row(_HEADINGS), _rule(_HEADINGS)]
    for (_, row), peak, wrong in zip(table.iterrows(), peak_bytes(table), error_texts(table), strict=True):
        ends = (row["latency_ci_low_s"], row["latency_ci_high_s"])
        latency = seconds_text(row["latency_median_s"])
        interval = f" [{seconds_text(ends[0])}, {seconds_text(ends[1])}]" if not pd.isna(ends[0]) else ""
        ratio = ratio_text(row["latency_ratio"], row["latency_ratio_ci_low"], row["latency_ratio_ci_high"])
        cells = [str(row["case_id"]), str(row["status"]), latency + interval, ratio, bytes_text(peak)]
        lines.append(_row([*cells, wrong]))
    return "\n".join(lines) + "\n"


def _claims(claims: Sequence[Claim]) -> list[str]:
    """Gives a table of the verdicts, and below it what stands behind each; nothing where nothing speaks of any."""
    if not claims:
        return []
    headings, *rows = claim_lines(claims)
    lines = ["## Claims of the article", "", _row(headings), _rule(headings), *map(_row, rows), ""]
    for claim in claims:
        for cell in claim.measured:
            lines.append(f"- **{escape(claim.name)}, {escape(cell.modality)}**: {cell.verdict} ({cell.counted})")
            lines += [f"  - {escape(condition)}" for condition in cell.conditions]
    return [*lines, ""]


def _lengths(crossovers: pd.DataFrame) -> list[str]:
    """Gives a table of the lines that have a latency, and how many have none."""
    listed = crossovers[crossovers["answer"] != "untimed"]
    headings = ("case", "where", "faster than the baseline")
    rows = [
        _row([str(cell) for cell in row]) for row in listed[["series", "context", "text"]].itertuples(index=False)
    ]
    lines = [_row(headings), _rule(headings), *rows] if rows else []
    if untimed := len(crossovers) - len(listed):
        lines += ["", f"Not listed: {plural_text(untimed, 'line')} without a latency at any length."]
    return lines


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def _rule(cells: Sequence[str]) -> str:
    return "|" + "---|" * len(cells)
