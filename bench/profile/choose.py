"""A part of a `case_id` and the cases that there are -> the one case that is meant.

Goes in: words as a person types them. Comes out: a case, or a `UsageError` that names the candidates.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from bench.case import Case
from bench.errors import UsageError, nearest

__all__ = ["Candidate", "candidates_of_run", "choose"]

_SHOWN = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A case that could be meant."""

    case: Case
    status: str
    """`planned`, or why it cannot run here: `unsupported`, `skipped`."""
    reason: str = ""
    """The detail of a status that is not `planned`."""


def candidates_of_run(info: dict[str, Any]) -> list[Candidate]:
    """Gives the cases of a run, from what its `run.json` holds."""
    return [Candidate(Case.from_json(each["case"]), each["status"], each["reason"]) for each in info["cases"]]


def choose(candidates: Sequence[Candidate], text: str) -> Case:
    """Gives the case in whose id all the words occur.

    A whole id is meant alone. Else words count as they stand between spaces, slashes and brackets, and only where no
    id has them all so, as parts of these; a word with a value never does: ``n=51`` is not ``n=512``. A case that
    cannot run here gives way to one that can.

    Args:
        candidates: what there is.
        text: words of an id in any order, such as ``full_naive n=512``.

    Raises:
        UsageError: no case is meant, or several are, or the one that is cannot run here.
    """
    found = [each for each in candidates if each.case.case_id == text.strip()] or _with_words(candidates, text)
    found = [each for each in found if each.status == "planned"] or found
    if len(found) > 1:
        names = [each.case.case_id for each in found[:_SHOWN]]
        more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise UsageError(f"--case {text!r}", f"{len(found)} cases are meant", f"one of: {', '.join(names)}{more}")
    if found[0].status != "planned":
        raise UsageError(f"--case {text!r}", f"{found[0].case.case_id} is {found[0].status}", found[0].reason)
    return found[0].case


def _with_words(candidates: Sequence[Candidate], text: str) -> list[Candidate]:
    words = text.split()
    if not words:
        raise UsageError("--case", "no word is given", "--case 'full_naive n=512'")
    whole = [each for each in candidates if all(word in _words(each.case) for word in words)]
    found = whole or [each for each in candidates if all(_partly(word, each.case) for word in words)]
    if found:
        return found
    for word in words:
        if not any(_partly(word, each.case) for each in candidates):
            known = {known for each in candidates for known in _words(each.case)}
            raise UsageError(f"--case {text!r}", f"no case has {word!r}", nearest(word, known))
    best = max(candidates, key=lambda each: sum(word in _words(each.case) for word in words))
    raise UsageError(f"--case {text!r}", "no case has all of these", f"the nearest is {best.case.case_id!r}")


def _partly(word: str, case: Case) -> bool:
    return word in _words(case) if "=" in word else word in case.case_id


def _words(case: Case) -> set[str]:
    parts = case.case_id.split()
    return {*parts, *(piece for part in parts for piece in re.split(r"[/\[\]]", part) if piece)}
