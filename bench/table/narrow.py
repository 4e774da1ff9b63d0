"""Which rows of a table are meant: words of a case's id, and `--where column=v[,v]`.

Goes in: a table and what a person typed. Comes out: the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.errors import UsageError, nearest

__all__ = ["where", "with_words"]


def where(table: pd.DataFrame, asked: Sequence[str]) -> pd.DataFrame:
    """Gives the rows that have what is asked for.

    Args:
        table: one row a case.
        asked: each ``column=v[,v]``: a column and the values to keep, as a person writes them; what is absent is
            ``none``. All must hold.

    Raises:
        UsageError: no such text, an unknown column, a value that no row has, or no row left.
    """
    kept = table
    for name, values in map(_pair, asked):
        if name not in table:
            raise UsageError(f"--where {name}", f"unknown column {name!r}", nearest(name, map(str, table.columns)))
        seen = table[name].map(_text)
        for value in values:
            if not (seen == value).any():
                raise UsageError(f"--where {name}={value}", f"no row has {name} {value!r}", nearest(value, set(seen)))
        kept = kept[kept[name].map(_text).isin(values)]
    if kept.empty:
        raise UsageError(" ".join(f"--where {text}" for text in asked), "no row matches all of it", "ask for less")
    return kept


def with_words(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """Gives the rows in whose `case_id` all the words occur, in any order.

    A whole id is meant alone. A word counts as it stands between spaces, slashes and brackets: ``n=51`` is not
    ``n=512``; only where no id has all the words so, one without ``=`` may be a part.

    Raises:
        UsageError: no row has them.
    """
    ids = table["case_id"].astype(str)
    if (ids == text.strip()).any():
        return table[ids == text.strip()]
    asked = text.split()
    split = ids.map(_words)
    found = table[split.map(lambda words: bool(asked) and words.issuperset(asked))]
    if found.empty and asked:
        found = table[ids.map(lambda name: all(_partly(word, name) for word in asked))]
    if found.empty:
        known = set().union(*split)
        strange = next((word for word in asked if not any(_partly(word, name) for name in ids)), None)
        right = nearest(strange, known) if strange else "fewer words"
        raise UsageError(repr(text), f"no case has {strange!r}" if strange else "no case has all of these", right)
    return found


def _pair(text: str) -> tuple[str, list[str]]:
    name, equals, values = text.partition("=")
    if not (name and equals and values):
        raise UsageError("--where", f"{text!r} is no COLUMN=V[,V]", "--where seq_len=128,256")
    return name, values.split(",")


def _partly(word: str, case_id: str) -> bool:
    return word in _words(case_id) if "=" in word else word in case_id


def _words(case_id: str) -> set[str]:
    parts = case_id.split()
    return {*parts, *(piece for part in parts for piece in re.split(r"[/\[\]]", part) if piece)}


def _text(value: Any) -> str:
    if pd.isna(value):
        return "none"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
