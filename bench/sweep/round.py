"""One round: a fresh process for each case of a group, alive together, timed block by block in turn.

The baseline and the pace-maker are among them. Comes out: one attempt a process. A member that fails ends with its
status and leaves the turns to the others.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.attempt import Attempt, Block
from bench.case import Case
from bench.stats.turns import turn_orders
from bench.sweep.disturbance import Watch
from bench.sweep.processes import ForkServer, Worker, WorkerEnded

__all__ = ["PACEMAKER", "Limits", "conduct"]

PACEMAKER = "pacemaker"
"""What stands for a case_hash in the pace-maker's attempts."""

_ROUND_S = 0.8  # the turns of a round last about this long: rounds are what counts, so many short ones
_BLOCK_S, _OVERHEAD_S = 0.012, 0.010
_TURNS = (3, 12)


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What one attempt may take."""

    answer_s: float
    """Seconds in which a worker must answer."""
    memory_bytes: int
    """Private memory of a worker beyond what it is forked with (CPU)."""
    threads: int
    """Threads of a case that names none."""


class _Member:
    """A worker in a round, its blocks so far, and its end."""

    def __init__(self, case: Case | None, worker: Worker, limit_s: float) -> None:
        self.case, self.worker, self.limit_s = case, worker, limit_s
        self.facts: dict[str, Any] = {}
        self.blocks: list[Block] = []
        self.call_s = 0.0
        self.status, self.reason = "ok", ""

    def ask(self, order: dict[str, Any] | None) -> dict[str, Any]:
        """Asks the worker; after a fault the member is out and answers nothing."""
        if self.status != "ok":
            return {}
        try:
            return self.worker.ask(order, self.limit_s)
        except WorkerEnded as end:
            self.status, self.reason, self.blocks = end.status, end.reason, []
            return {}

    def build(self) -> None:
        self.facts |= self.ask(None).get("built", {})

    def warm(self) -> None:
        self.call_s = self.ask({"do": "warm"}).get("warm", {}).get("call_s", 0.0)

    def block(self, turn: int) -> None:
        if answer := self.ask({"do": "block", "turn": turn}).get("block"):
            self.blocks.append(Block(**answer))

    def finish(self) -> None:
        self.facts |= self.ask({"do": "finish"}).get("finished", {})
        self.facts["peak_rss_bytes"] = self.worker.finish()["maxrss_bytes"]


def conduct(
    server: ForkServer,
    cases: Sequence[Case],
    *,
    group: str,
    number: int,
    run: str = "",
    limits: Limits,
    clock: Callable[[], float] = time.monotonic,
) -> list[Attempt]:
    """Measures one round.

    Args:
        server: forks the workers.
        cases: the members, baseline among them; they share device and threads.
        group: name of the part of a group that is measured, for the journal.
        number: which round of it.
        run: name of the run; with group and number it decides the order of turns and the memory layouts, so that
            these differ between runs too.
        limits: of each attempt.
        clock: seconds since the run began.
    """
    rng = random.Random(f"{run} {group} {number}")
    started = clock()
    jobs = [_job(case, cases[0], limits, rng) for case in (*cases, None)]
    members: list[_Member] = []
    try:
        for case, job in zip((*cases, None), jobs, strict=True):
            members.append(_Member(case, server.spawn(job), limits.answer_s))
        for member in members:
            member.build()
        for member in members:
            member.warm()
        watch = Watch([member.worker.pid for member in members])
        _take_turns(members, rng)
        foreign_share = watch.foreign_share()
        for member in members:
            member.finish()
    finally:
        for member in members:
            member.worker.close()
    wall = clock() - started
    return [
        _attempt(member, group=group, round=number, started_s=started, wall_s=wall, foreign_share=foreign_share)
        for member in members
    ]


def _job(case: Case | None, first: Case, limits: Limits, rng: random.Random) -> dict[str, Any]:
    return {
        "kind": "timing",
        "case": case.to_json() if case else None,
        "device": first.device,
        "threads": first.threads or limits.threads,
        "memory_bytes": limits.memory_bytes,
        "layout": rng.randrange(1 << 30),
    }


def _take_turns(members: list[_Member], rng: random.Random) -> None:
    alive = [m for m in members if m.status == "ok"]
    if not alive:
        return
    turn_s = sum(max(_BLOCK_S, m.call_s) + _OVERHEAD_S for m in alive)
    turns = min(max(round(_ROUND_S / turn_s), _TURNS[0]), _TURNS[1])
    for turn, order in enumerate(itertools.islice(turn_orders(len(alive), rng), turns)):
        for place in order:
            alive[place].block(turn)


def _attempt(member: _Member, *, foreign_share: float, **where: Any) -> Attempt:
    return Attempt(
        case_hash=member.case.case_hash if member.case else PACEMAKER,
        kind="timing",
        status=member.status,
        reason=member.reason,
        blocks=tuple(member.blocks),
        facts={**member.facts, "foreign_share": round(foreign_share, 4)},
        **where,
    )
