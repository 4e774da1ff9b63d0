"""The claims of the article as they are printed: one line a claim, one cell a modality, and what stands behind each.

Goes in: the frame of `analysis.claims.claims`. Comes out: plain values for the page, and Markdown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.analysis.claim_words import number_words
from bench.analysis.claims import MODALITIES
from bench.units import plural_text

__all__ = ["Cell", "Claim", "claim_lines", "told_claims"]


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A claim in one modality."""

    modality: str
    """As it is told: ``language``, … or ``generated inputs``."""
    verdict: str
    """``held``, ``refuted``, ``depends``, ``not measured``, or ``not decided`` where something counts and does not
    suffice."""
    number: str
    """With its interval and unit; empty where there is none."""
    number_of: str
    """Of which kind of evidence the number is; empty likewise."""
    counted: str
    """How many comparisons stand behind it, and how they are divided; empty without any."""
    conditions: tuple[str, ...]
    """Where it was measured, then what each piece of evidence says."""
    case_ids: tuple[str, ...]
    """The cases behind it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """A claim in all modalities."""

    name: str
    statement: str
    """What the article says, in our words."""
    cells: tuple[Cell, ...]

    @property
    def measured(self) -> tuple[Cell, ...]:
        """The cells of which something can be told."""
        return tuple(cell for cell in self.cells if cell.conditions)


def told_claims(claims: pd.DataFrame) -> list[Claim]:
    """Gives every claim; none where nothing in the table speaks of any.

    Args:
        claims: of `analysis.claims.claims`.
    """
    told = [
        Claim(str(name), str(rows["statement"].iloc[0]), tuple(_cell(row) for row in rows.to_dict("records")))
        for name, rows in claims.groupby("claim", sort=False)
    ]
    return told if any(claim.measured for claim in told) else []


def claim_lines(claims: Sequence[Claim]) -> Iterator[tuple[str, ...]]:
    """Yields a table's rows for print: the headings, then each claim with its verdict and number by modality."""
    yield "claim", *MODALITIES.values()
    for claim in claims:
        yield claim.name, *(": ".join(filter(None, (cell.verdict, cell.number))) for cell in claim.cells)


def _cell(row: Mapping[Any, Any]) -> Cell:
    number, low, high = (float(row[name]) for name in ("number", "ci_low", "ci_high"))
    text = "" if pd.isna(number) else f"{number_words(number, low, high)} {row['unit']}"
    of = plural_text(int(row["comparisons"]), "comparison")
    counted = f"{of}: {row['supporting']} surely for, {row['opposing']} surely against"
    verdict = str(row["verdict"])
    if not row["comparisons"]:
        counted = "no comparison counts"
    elif verdict == "not measured":
        verdict = "not decided"
    conditions, names = (tuple(filter(None, str(row[name]).split("; "))) for name in ("conditions", "case_ids"))
    modality = MODALITIES[str(row["modality"])]
    of_what = str(row["number_of"]) if text else ""
    return Cell(modality, verdict, text, of_what, counted if conditions else "", conditions, names)
