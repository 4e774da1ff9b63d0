"""One round: a fresh process for each seat, alive together, timed block by block in turn.

In a run the seats are the cases of a group, its baseline, and the pace-maker; in a comparison of two revisions one
case, once of each revision. Comes out: one attempt a process. A member that fails ends with its status and leaves the
turns to the others.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench.attempt import Attempt, Block
from bench.case import Case
from bench.stats.turns import turn_orders
from bench.sweep.disturbance import Watch
from bench.sweep.processes import ForkServer, Worker, WorkerEnded

__all__ = ["PACEMAKER", "Limits", "Rhythm", "Seat", "conduct"]

PACEMAKER = "pacemaker"
"""What stands for a case_hash in the pace-maker's attempts."""

_BLOCK_S, _OVERHEAD_S = 0.012, 0.010


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What one attempt may take."""

    answer_s: float
    """Seconds in which a worker must answer."""
    memory_bytes: int
    """Private memory of a worker beyond what it is forked with (CPU)."""
    threads: int
    """Threads of a case that names none."""
    task_s: float = 0.0
    """Seconds in which a worker must be done with one seed of a task."""


@dataclasses.dataclass(frozen=True, slots=True)
class Seat:
    """Where a process of a round comes from, and what it times."""

    server: ForkServer
    case: Case | None
    """Absent: the pace-maker."""

    @property
    def case_hash(self) -> str:
        """What names the process's attempt."""
        return self.case.case_hash if self.case else PACEMAKER


@dataclasses.dataclass(frozen=True, slots=True)
class Rhythm:
    """How the processes of a round take turns."""

    orders: Callable[[int, random.Random], Iterator[tuple[int, ...]]] = turn_orders
    """Gives the order of one turn after another."""
    span_s: float = 0.8
    """The turns of a round last about this long: rounds are what counts, so many short ones."""
    turns: tuple[int, int] = (3, 12)
    """At the least and at the most."""
    multiple: int = 1
    """The turns of a round are a multiple of this."""

    def count(self, turn_s: float) -> int:
        """Gives how many turns of that length a round has."""
        wished = min(max(round(self.span_s / turn_s), self.turns[0]), self.turns[1])
        return self.multiple * max(1, round(wished / self.multiple))


class _Member:
    """A worker in a round, its blocks so far, and its end."""

    def __init__(self, case_hash: str, worker: Worker, limit_s: float) -> None:
        self.case_hash, self.worker, self.limit_s = case_hash, worker, limit_s
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
    seats: Sequence[Seat],
    *,
    group: str,
    number: int,
    run: str = "",
    limits: Limits,
    clock: Callable[[], float] = time.monotonic,
    rhythm: Rhythm = Rhythm(),
) -> list[Attempt]:
    """Measures one round.

    Args:
        seats: the members; they share the device and the threads of the first, which is a case.
        group: name of the part of a group that is measured, for the journal.
        number: which round of it.
        run: name of the run; with group and number it decides the order of turns and the memory layouts, so that
            these differ between runs too.
        limits: of each attempt.
        clock: seconds since the run began.
        rhythm: how the members take turns.

    Returns:
        One attempt a seat, in the order of the seats.
    """
    rng = random.Random(f"{run} {group} {number}")
    started = clock()
    members: list[_Member] = []
    try:
        for seat in seats:
            job = _job(seat, seats[0], limits, rng)
            members.append(_Member(seat.case_hash, seat.server.spawn(job), limits.answer_s))
        for member in members:
            member.build()
        for member in members:
            member.warm()
        watch = Watch([member.worker.pid for member in members])
        _take_turns(members, rng, rhythm)
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


def _job(seat: Seat, first: Seat, limits: Limits, rng: random.Random) -> dict[str, Any]:
    assert first.case is not None
    return {
        "kind": "timing",
        "case": seat.case.to_json() if seat.case else None,
        "device": first.case.device,
        "threads": first.case.threads or limits.threads,
        "memory_bytes": limits.memory_bytes,
        "layout": rng.randrange(1 << 30),
    }


def _take_turns(members: list[_Member], rng: random.Random, rhythm: Rhythm) -> None:
    alive = [m for m in members if m.status == "ok"]
    if not alive:
        return
    turn_s = sum(max(_BLOCK_S, m.call_s) + _OVERHEAD_S for m in alive)
    for turn, order in enumerate(itertools.islice(rhythm.orders(len(alive), rng), rhythm.count(turn_s))):
        for place in order:
            alive[place].block(turn)


def _attempt(member: _Member, *, foreign_share: float, **where: Any) -> Attempt:
    return Attempt(
        case_hash=member.case_hash,
        kind="timing",
        status=member.status,
        reason=member.reason,
        blocks=tuple(member.blocks),
        facts={**member.facts, "foreign_share": round(foreign_share, 4)},
        **where,
    )
