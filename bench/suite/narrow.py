"""`--where key=v[,v]`: keeps the cases whose fields have the values that are asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from bench.case import Case
from bench.errors import UsageError, nearest

__all__ = ["narrow"]

_KEYS = ("sweep", *(field.name for field in dataclasses.fields(Case) if field.name != "options"))


def narrow(found: Mapping[Case, str], where: Sequence[tuple[str, Sequence[str]]]) -> dict[Case, str]:
    """Gives the cases that match every pair of a key and its values.

    Args:
        found: case -> its sweep.
        where: fields of a case, or ``sweep``, each with the values to keep, as a suite file writes them; what is
            absent is ``none``.

    Raises:
        UsageError: an unknown key, a value that no case has, or no case left.
    """
    kept = dict(found)
    for key, values in where:
        if key not in _KEYS:
            raise UsageError(f"--where {key}", f"unknown word {key!r}", nearest(key, _KEYS))
        seen = {_text(case, sweep, key) for case, sweep in found.items()}
        for value in values:
            if value not in seen:
                raise UsageError(f"--where {key}={value}", f"no case has {key} {value!r}", nearest(value, seen))
        kept = {case: sweep for case, sweep in kept.items() if _text(case, sweep, key) in values}
    if not kept:
        pairs = " ".join(f"--where {key}={','.join(values)}" for key, values in where)
        raise UsageError(pairs, "no case matches all of it", "ask for less")
    return kept


def _text(case: Case, sweep: str, key: str) -> str:
    value = sweep if key == "sweep" else getattr(case, key)
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
