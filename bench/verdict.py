"""A verdict: what two revisions, or two stored runs, say of one case and one metric; and a comparison, all of them.

`bench ab` and `bench compare` make comparisons, the formats of `report/verdicts` print them, and the exit code comes
from them. Words and codes are closed sets, so that a script can rely on them.
"""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["REASONS", "VERDICTS", "Comparison", "Side", "Verdict"]

VERDICTS = ("regressed", "improved", "unchanged", "inconclusive", "failed", "vanished", "new", "changed")
"""What can be said of a case, the most urgent first but for `inconclusive`, which asks for more rounds.

`failed`: head failed; `vanished`: base had it and head has not; `new`: the other way round; `changed`: the same name
now stands for another measurement, so that nothing can be compared.
"""

REASONS = {
    "beyond_margin": "the whole interval is beyond the margin, and a second series of fresh rounds says so too",
    "beyond_margin_once": "the whole interval is beyond the margin; no second series of rounds confirms it",
    "not_sure_enough": "beyond the margin by itself, but not surely among so many cases, or not in both numbers",
    "within_margin": "the whole interval is within the margin",
    "straddles_margin": "the interval holds the margin's edge",
    "not_confirmed": "beyond the margin at first, but a second series of fresh rounds does not say so",
    "not_measured_again": "beyond the margin at first, and the budget was spent before a second series",
    "too_few_rounds": "too few rounds for an interval",
    "equal": "equal, to the last digit",
    "more": "exactly known, and more than before",
    "less": "exactly known, and less than before",
    "not_repeatable": "it should be exact, and two passes over the same revision differ",
    "within_tolerance": "the error differs by less than its tolerance",
    "beyond_tolerance": "the error differs by more than its tolerance",
    "beyond_both_intervals": "its task's value differs by more than the tolerance, and the intervals share nothing",
    "within_tolerance_of_task": "its task's value differs by less than the tolerance",
    "intervals_overlap": "its task's value differs by more than the tolerance, but the intervals overlap",
    "failed_in_head": "it fails now and did not before",
    "failed_in_both": "it fails in both",
    "lost_in_head": "base has a value and head has none: what takes it failed, or gave none that is finite",
    "failed_in_base": "it failed before and does not now",
    "only_in_base": "it is not planned, or has no meaning, any more",
    "only_in_head": "it was not planned, or had no meaning, before",
    "definition_changed": "the same name stands for another measurement",
}
"""Reason code -> what it means."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that are compared."""

    name: str
    """As it was asked for: a git revision, or a run."""
    commit: str | None = None
    """The commit, where one is known."""
    machine: str | None = None
    """The machine's name."""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What else is known of it: versions, threads, the folder."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of one case and one metric.

    Raises:
        ValueError: an unknown verdict or reason.
    """

    case_id: str
    """The case, readable."""
    case_hash: str
    """The case as head has it; as base had it where it vanished."""
    metric: str
    """`latency`, or the column of an exact metric, of an error, or of a task (`task_accuracy`, or `task_value` where
    that is none); `case` where the case as a whole is judged."""
    verdict: str
    """One of `VERDICTS`."""
    reason: str
    """One of the codes of `REASONS`."""
    detail: str = ""
    """What else is known: the status and its reason, what differs."""
    group: str = ""
    """The group of the case, by which annotations are gathered."""
    base: float | None = None
    """The metric in base, in the unit of its column; seconds for `latency`."""
    head: float | None = None
    """The metric in head."""
    ratio: float | None = None
    """head / base."""
    ratio_ci_low: float | None = None
    """Lower end of the ratio's 95 % interval; absent where the metric is exact or the rounds are too few."""
    ratio_ci_high: float | None = None
    """Its upper end."""
    rounds: int = 0
    """Of `latency`: how many rounds stand behind it."""
    more_rounds: int | None = None
    """Of what is inconclusive: about how many more rounds would decide; absent where more would not help."""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"unknown verdict {self.verdict!r}")
        if self.reason not in REASONS:
            raise ValueError(f"unknown reason {self.reason!r}")

    def to_json(self) -> dict[str, Any]:
        """Gives the fields that are present."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value not in (None, "")}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sides and every verdict."""

    kind: str
    """`ab` (measured together, the one to trust) or `compare` (stored runs, with wider margins)."""
    suite: str
    """The suite's name, or its file."""
    base: Side
    head: Side
    margin: float
    """The practical margin of latency: 0.02 is 2 %."""
    verdicts: tuple[Verdict, ...]
    differences: tuple[str, ...] = ()
    """What differs between the sides that should not (machine, torch, threads …), in words."""
    notes: tuple[str, ...] = ()
    """What a reader must know beside the verdicts: the budget was spent, the machine was disturbed."""
    wall_s: float | None = None
    """Of `ab`: how long it took."""

    def of(self, verdict: str) -> tuple[Verdict, ...]:
        """Gives the verdicts of one kind."""
        return tuple(each for each in self.verdicts if each.verdict == verdict)

    def exit_code(self, inconclusive: str = "pass") -> int:
        """Gives 1 for a confirmed regression, else 3 where head fails, else 4 or 0.

        Args:
            inconclusive: `fail`: what is inconclusive gives 4. Nothing to compare always does, and so do latencies
                of an `ab` of which not one was measured often enough to say anything.
        """
        if self.of("regressed"):
            return 1
        if self.of("failed"):
            return 3
        latencies = [each for each in self.verdicts if each.metric == "latency"]
        if self.kind == "ab" and latencies and all(each.reason == "too_few_rounds" for each in latencies):
            return 4
        compared = [each for each in self.verdicts if each.verdict in ("improved", "unchanged", "inconclusive")]
        if not compared or (inconclusive == "fail" and self.of("inconclusive")):
            return 4
        return 0

    def to_json(self) -> dict[str, Any]:
        """Gives all of it as JSON takes it."""
        sides = {name: dataclasses.asdict(getattr(self, name)) for name in ("base", "head")}
        return {
            "kind": self.kind,
            "suite": self.suite,
            **sides,
            "margin": self.margin,
            "differences": list(self.differences),
            "notes": list(self.notes),
            "wall_s": self.wall_s,
            "verdicts": [each.to_json() for each in self.verdicts],
        }
