r"""LaTeX: one longtable of all groups, for a paper; it needs ``\usepackage{booktabs,longtable}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bench.report.exports._printed import HEADINGS, groups, reasons, title

__all__ = ["about", "escape", "holds_failures", "render"]

about = r"a longtable of all groups, for papers (booktabs, longtable)"
holds_failures = True

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",  # \textquotedbl is not in every encoding
    "[": "{[}",  # after \\ a bracket would be taken for the line break's argument
    "]": "{]}",
    "*": "{*}",  # and so would a star
    "×": r"\ensuremath{\times}",
    "µ": r"\ensuremath{\mu}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives a longtable, its caption the run; the reasons of failed cases follow below it."""
    width = len(HEADINGS)
    lines = [r"% needs \usepackage{booktabs,longtable}", rf"\begin{{longtable}}{{l{'r' * (width - 1)}}}"]
    lines += [rf"\caption{{{escape(title(run_info))}}}\\", r"\toprule", _row(HEADINGS), r"\midrule", r"\endhead"]
    for number, group in enumerate(groups(table)):
        lines += [r"\midrule"] if number else []
        lines.append(rf"\multicolumn{{{width}}}{{l}}{{\itshape {escape(group.name)}}} \\*")
        lines += map(_row, group.rows)
    lines += [r"\bottomrule", r"\end{longtable}", *(rf"\noindent {escape(why)}\par" for why in reasons(table))]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Gives text that LaTeX prints as it stands."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def _row(cells: Sequence[str]) -> str:
    return " & ".join(escape(cell) for cell in cells) + r" \\"
