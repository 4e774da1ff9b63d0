"""What becomes of a case of `bench ab` as a whole, before its numbers are looked at, and what a reader must know.

Goes in: its entry in `ab.json` and its attempts. Comes out: a verdict where one side lacks it or fails, and notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.attempt import FAILURES, Attempt
from bench.units import duration_text, plural_text
from bench.verdict import Verdict

__all__ = ["notes", "of_the_case"]

_SIDES = ("base", "head")
_DISTURBED_SHARE = 0.05  # of one core, taken by others during the turns of a pair


def of_the_case(
    entry: Mapping[str, Any], attempts: Sequence[Attempt], entries: Sequence[Mapping[str, Any]], about: dict[str, Any]
) -> list[Verdict] | None:
    """Gives the verdict on the case as a whole; nothing where both sides timed it.

    Args:
        entry: of `cases` in `ab.json`.
        attempts: of this case.
        entries: all of `cases`, among which the same name may stand for another measurement.
        about: what every verdict of the case says of it.
    """
    base, head = (_state(entry.get(side)) for side in _SIDES)
    if base == head == "absent":
        return []
    if "absent" in (base, head):
        present, missing = ("head", "base") if base == "absent" else ("base", "head")
        twin = [e for e in entries if e["case_id"] == entry["case_id"] and e["case_hash"] != entry["case_hash"]]
        verdict, reason = ("new", "only_in_head") if present == "head" else ("vanished", "only_in_base")
        if twin:
            verdict, reason = "changed", "definition_changed"
        detail = (entry.get(missing) or {}).get("reason") or ""
        return [Verdict(**about, metric="case", verdict=verdict, reason=reason, detail=detail)]
    if "errors only" in (base, head):
        return []
    faults = {side: _told(attempts, side, failed=True) for side in _SIDES}
    # What was planned may prove in running to have no meaning.
    lacking = {side: _told(attempts, side, failed=False) for side in _SIDES}
    if all(lacking.values()):
        return []
    if lacking["head"] and not faults["base"]:  # base can do it: head broke it
        faults["head"] = lacking["head"]
    if lacking["base"] and not faults["head"]:
        detail = f"base: {lacking['base']}"
        return [Verdict(**about, metric="case", verdict="new", reason="only_in_head", detail=detail)]
    if not any(faults.values()):
        return None
    detail = "; ".join(f"{side}: {fault}" for side, fault in faults.items() if fault)
    if faults["base"] and not faults["head"]:
        return [Verdict(**about, metric="case", verdict="new", reason="failed_in_base", detail=detail)]
    reason = "failed_in_both" if faults["base"] else "failed_in_head"
    return [Verdict(**about, metric="case", verdict="failed", reason=reason, detail=detail)]


def _out(entry: Mapping[str, Any], attempts: Sequence[Attempt]) -> bool:
    """Whether a case has no meaning, or lacks something, on both sides: as planned, or as it proved in running."""
    planned = all(_state(entry.get(side)) == "absent" for side in _SIDES)
    return planned or all(_told(attempts, side, failed=False) for side in _SIDES)


def _state(planned: Mapping[str, Any] | None) -> str:
    if planned is None or planned["status"] != "planned":
        return "absent"
    return "timed" if planned["timed"] else "errors only"


def _told(attempts: Sequence[Attempt], side: str, *, failed: bool) -> str:
    """Gives with which failure, or as what else, a side ended; empty where it did not, or in one pair timed out."""
    own = [a for a in attempts if a.group == side and a.kind in ("cost", "timing") and a.status != "ok"]
    bad = [a for a in own if (a.status in FAILURES) == failed and not _once(a, attempts)]
    return f"{bad[0].status}: {bad[0].reason}" if bad else ""


def _once(attempt: Attempt, attempts: Sequence[Attempt]) -> bool:
    """Whether it is the only pair of its case that timed out, among pairs that did not: the machine stood still."""
    if attempt.status != "timeout":
        return False
    timing = [a for a in attempts if a.kind == "timing"]
    alone = [a for a in timing if a.status != "ok"] == [attempt]
    return alone and any(a.group == attempt.group for a in timing if a.blocks)


def notes(info: Mapping[str, Any], attempts: Sequence[Attempt]) -> list[str]:
    """Gives what a reader must know beside the verdicts.

    Args:
        info: what the comparison's `ab.json` holds.
        attempts: what its journal holds.
    """
    found = list(info.get("notes", ()))
    by_case: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_case.setdefault(attempt.case_hash, []).append(attempt)
    both_out = [e for e in info["cases"] if _out(e, by_case.get(e["case_hash"], []))]
    if both_out:
        found.append(f"{plural_text(len(both_out), 'case')} without meaning, or lacking something, in both")
    errors = [e for e in info["cases"] if "errors only" in (_state(e.get("base")), _state(e.get("head")))]
    if errors:
        found.append(f"{plural_text(len(errors), 'oracle')} beyond the size to which they are timed, not compared")
    tasks = [e for e in info["cases"] if e["case"].get("task")]
    if tasks:
        what = plural_text(len(tasks), "case")
        found.append(f"{what} with a task: time is compared, what is reached on it is not; bench compare does that")
    if info.get("state") == "interrupted":
        found.append("stopped before its end")
    passes = sum(a.wall_s for a in attempts if a.kind != "timing")
    budget = info["settings"]["budget_s"]
    if passes > budget / 2:
        spent = f"memory, FLOPs and errors took {duration_text(passes)} of the {duration_text(budget)}"
        found.append(f"{spent}: a larger --budget, or fewer cases by --where")
    late = [a for a in attempts if a.kind == "timing" and a.status == "timeout"]
    if once := [a for a in late if _once(a, by_case[a.case_hash])]:
        found.append(f"{plural_text(len(once), 'case')} of which one pair timed out and the others did not")
    foreign = [a.facts.get("foreign_share", 0.0) for a in attempts if a.kind == "timing"]
    if foreign and np.mean([share > _DISTURBED_SHARE for share in foreign]) > 0.5:
        found.append("other programs took processor time in most rounds; a quieter machine needs fewer of them")
    return found
