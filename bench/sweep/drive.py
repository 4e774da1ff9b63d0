"""Groups -> attempts in the journal: the passes of each part, then round after round until the budget is spent.

A run that was killed is taken up by the same function: what the journal holds is not done again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from bench.attempt import Attempt
from bench.case import Case
from bench.store.journal import Journal
from bench.sweep.budget import Part, Policy, next_part
from bench.sweep.executors.local import LocalExecutor
from bench.sweep.round import PACEMAKER

__all__ = ["Item", "Observer", "Sweep", "baselines_case"]


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """A planned case and what is to be done with it."""

    case: Case
    timed: bool
    """Whether it is a member of rounds (an oracle beyond its size is not)."""
    accuracy: bool
    """Whether its output is compared with a reference."""
    hardness: bool
    """Whether its input's hardness is a column."""
    bound_rank: int | None
    """The rank at which the Eckart–Young bound is taken; absent: none."""
    seeds: int = 0
    """How often its task is done, each time with another seed; 0: it has none."""


class Observer(Protocol):
    """Who is told how the sweep goes."""

    def passed(self, part: Part, case: Case, attempt: Attempt) -> None:
        """One untimed pass is done."""

    def rounded(self, part: Part, attempts: Sequence[Attempt], elapsed_s: float) -> None:
        """One round is done."""


def baselines_case(case: Case) -> Case:
    """Gives the case that stands for all that are held against the same trivial baselines of a task.

    These depend on the task, the samples' length and, where only a part of the samples is used, on the model.
    """
    return Case(
        operator="sdpa",
        provider="torch",
        scope=case.scope,
        task=case.task,
        model=case.model,
        seq_len=case.seq_len,
        hidden_size=case.hidden_size,
        num_heads=case.num_heads,
        num_kv_heads=case.num_kv_heads,
        head_dim=case.head_dim,
        mask=case.mask,
        causal=case.causal,
        seed=case.seed,
    )


class Sweep:
    """A sweep in progress.

    Args:
        items: by part name, the part's cases and what is to be done with each.
        parts: in the order of measuring.
        policy: when to stop.
        executor: runs rounds and passes.
        journal: where attempts go.
        clock: seconds since the run began; a resumed run goes on counting.
    """

    def __init__(
        self,
        items: dict[str, list[Item]],
        parts: Sequence[Part],
        policy: Policy,
        *,
        executor: LocalExecutor,
        journal: Journal,
        clock: Callable[[], float],
    ) -> None:
        self.parts, self.policy = list(parts), policy
        self._items, self._executor, self._journal, self._clock = items, executor, journal, clock
        self._passed: dict[tuple[str, str, int], Attempt] = {}
        self._shared: dict[tuple[str, str], Attempt] = {}

    def take_up(self, attempts: Iterable[Attempt]) -> None:
        """Takes in what an earlier process of this run has measured."""
        rounds: dict[tuple[str, int], list[Attempt]] = {}
        for attempt in attempts:
            if attempt.kind == "timing":
                rounds.setdefault((attempt.group, attempt.round), []).append(attempt)
            else:
                self._passed[attempt.case_hash, attempt.kind, attempt.round] = attempt
        by_name = {part.name: part for part in self.parts}
        for (name, _), of_round in sorted(rounds.items()):
            # A round is written at once, the pace-maker last: without it the writing was cut short.
            if name in by_name and any(a.case_hash == PACEMAKER for a in of_round):
                by_name[name].record(of_round)
        for part in self.parts:
            for item in self._items[part.name]:
                if self._failed(item.case):
                    part.retire(item.case.case_hash)

    def run(self, observer: Observer) -> None:
        """Measures until all parts are done or the budget is spent."""
        for part in self.parts:
            if not part.cases:  # nothing to time: only its passes
                self._pass(part, observer)
        while chosen := next_part(self.parts, self.policy, self._clock()):
            if chosen.rounds == 0:
                self._pass(chosen, observer)
                if self._spent():
                    return
            if cases := chosen.open_cases(self.policy):  # the passes may have retired them all
                attempts = self._executor.round(cases, group=chosen.name, number=chosen.rounds)
                self._journal.append(attempts)
                chosen.record(attempts)
                observer.rounded(chosen, attempts, self._clock())

    def _pass(self, part: Part, observer: Observer) -> None:
        for item in self._items[part.name]:
            if self._spent():
                return
            case = item.case
            cost = self._once(part, "cost", case, observer) if item.timed else None
            if cost is not None and cost.status != "ok":
                part.retire(case.case_hash)
                continue
            if item.accuracy:
                self._once(part, "accuracy", case, observer)
            if item.hardness:
                self._once(part, "hardness", case, observer, rank=item.bound_rank)
            if item.seeds:
                self._once(part, "baselines", case, observer)
        self._tasks(part, observer)

    def _tasks(self, part: Part, observer: Observer) -> None:
        """Does the first seed of every case, then the second: a machine that slows down slows all of them alike."""
        able = [item for item in self._items[part.name] if not self._failed(item.case)]
        for number in range(max((item.seeds for item in able), default=0)):
            for item in able:
                if self._spent():
                    return
                if number < item.seeds:
                    self._once(part, "task", item.case, observer, number=number)

    def _failed(self, case: Case) -> bool:
        cost = self._passed.get((case.case_hash, "cost", 0))
        return cost is not None and cost.status != "ok"

    def _spent(self) -> bool:
        return self._clock() >= self.policy.budget_s

    def _once(
        self, part: Part, kind: str, case: Case, observer: Observer, *, rank: int | None = None, number: int = 0
    ) -> Attempt:
        key = case.case_hash, kind, number
        if key not in self._passed:
            attempt = self._hardness(case, rank) if kind == "hardness" else self._untimed(kind, case, number)
            self._journal.append([attempt])
            self._passed[key] = attempt
            observer.passed(part, case, attempt)
        return self._passed[key]

    def _untimed(self, kind: str, case: Case, number: int) -> Attempt:
        if kind == "task":
            return self._task(case, number)
        if kind == "baselines":
            shared = baselines_case(case)
            return self._share(kind, shared, case, lambda: self._executor.untimed(kind, shared))
        if kind != "accuracy":
            return self._executor.untimed(kind, case)
        # Training begins with a forward pass, and no output depends on how many threads compute it; a step of
        # decode is its own: the forward pass over as many tokens may not even fit.
        twin = case.replace(phase="decode" if case.phase == "decode" else "forward", threads=None)
        return self._share(kind, twin, case, lambda: self._executor.untimed(kind, twin))

    def _task(self, case: Case, number: int) -> Attempt:
        """What a task gives does not depend on which phase is timed; each seed is a measurement of its own."""
        twin = case.replace(phase="forward", seed=case.seed + number)
        found = self._share("task", twin, case, lambda: self._executor.untimed("task", twin))
        return dataclasses.replace(found, round=number)

    def _hardness(self, case: Case, rank: int | None) -> Attempt:
        """One look at an input serves every case that is fed with it."""
        fed = case.replace(
            operator="sdpa", provider="torch", rank=None, options=(), phase="forward", threads=None, compiled=False
        ).replace(device="cpu", adapter_dtype=None)
        ranks = sorted({i.bound_rank for items in self._items.values() for i in items if i.bound_rank is not None})
        found = self._share("hardness", fed, case, lambda: self._executor.untimed("hardness", fed, ranks=ranks))
        facts = dict(found.facts)
        bounds = facts.pop("eckart_young", {})
        if rank is not None and str(rank) in bounds:
            facts["eckart_young_error"] = bounds[str(rank)]
        return dataclasses.replace(found, facts=facts)

    def _share(self, kind: str, twin: Case, case: Case, measure: Callable[[], Attempt]) -> Attempt:
        key = twin.case_hash, kind
        if key in self._shared:
            return dataclasses.replace(self._shared[key], case_hash=case.case_hash, wall_s=0.0)
        self._shared[key] = dataclasses.replace(measure(), case_hash=case.case_hash)
        return self._shared[key]
