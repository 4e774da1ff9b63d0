"""What a check sees: trials on inputs that grow, of which the smallest that breaks the property is the evidence.

Goes in: cases from the smallest upwards, and a probe that does something to each and says how far the result is from
what the property asks. Comes out: an `Observation` in words that name what was done, never whose fault it is.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable

from bench.audit.subject import ROUNDING, Subject, calling
from bench.case import Case
from bench.units import plural_text

__all__ = ["Observation", "Trial", "search"]


@dataclasses.dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one property."""

    seen: bool | None
    """Whether it was seen to hold; absent where there was nothing to judge, or only a number to report."""
    observed: str
    """What was done and what came of it."""
    evidence: str = ""
    """The smallest input that shows it: case, seed; empty where nothing had to be shown."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One thing done to one case."""

    case: Case
    did: str
    """What was done and what it changed, to be followed by `by` and `off`."""
    off: float
    """How far the result is from what the property asks; NaN is too far."""
    allowed: float = ROUNDING
    seed: int = 0

    @property
    def broken(self) -> bool:
        """Whether it is further off than rounding explains."""
        return not self.off <= self.allowed

    @property
    def words(self) -> str:
        """What was done and by how much it changed what it must not."""
        return f"{self.did} by {self.off:.1e}"


def search(subject: Subject, cases: Iterable[Case], probe: Callable[[Case], Iterable[Trial]]) -> Observation:
    """Probes cases in turn; the first trial that is broken is the evidence, the worst says how far it goes.

    Cases that the implementation cannot even compute are left out (the property `shapes` tells of them); where it can
    compute none, that is what is observed.

    Args:
        subject: the implementation.
        cases: from the smallest upwards.
        probe: gives the trials of a case; what it raises is observed, too.
    """
    trials: list[Trial] = []
    raising: list[tuple[Case, str]] = []
    for case in cases:
        reason = subject.failure(case)
        if reason:
            raising.append((case, reason))
            continue
        with calling(case):
            trials.extend(probe(case))
    broken = [trial for trial in trials if trial.broken]
    if broken:
        first, worst = broken[0], max(broken, key=lambda trial: math.inf if math.isnan(trial.off) else trial.off)
        more = f" (up to {worst.off:.1e} at n={worst.case.seq_len})" if worst.off > 2 * first.off else ""
        return Observation(False, first.words + more, f"{first.case.case_id}, seed {first.seed}")
    if trials:
        worst_off = max(trial.off for trial in trials)
        how = f"off by at most {worst_off:.1e}" if worst_off else "nothing off, to the bit,"
        left = f"; {plural_text(len(raising), 'case')} more cannot be computed" if raising else ""
        return Observation(True, f"{how} in {len(trials)} trials{left}")
    if raising:
        case, reason = raising[0]
        return Observation(False, f"raises {reason}", f"{case.case_id}, seed 0")
    return Observation(None, subject.why_not())
