"""Rounds and passes on this machine: a few fork servers, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.attempt import Attempt
from bench.case import Case
from bench.sweep.processes import ForkServer, Place, WorkerEnded
from bench.sweep.round import Limits, Seat, conduct

__all__ = ["SERVERS", "LocalExecutor"]

_LONG = frozenset({"baselines", "task"})  # passes that train, for which `task_s` is the limit
SERVERS = 3
"""Processes forked from one server share its memory layout; its bias must vary within a run."""


class LocalExecutor:
    """Measures on this machine.

    Args:
        log: takes what workers print.
        run: the run's name.
        limits: of each attempt.
        plugins: modules whose operators are added.
        providers: whose packages the cases call.
        clock: seconds since the run began.
        place: which code the workers run.
    """

    def __init__(
        self,
        log: Path,
        limits: Limits,
        *,
        run: str = "",
        plugins: Iterable[str] = (),
        providers: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        place: Place = Place(),  # noqa: B008  frozen
    ) -> None:
        plugins, providers = tuple(plugins), tuple(providers)
        self._servers = [ForkServer(log, plugins, providers, place) for _ in range(SERVERS)]
        self._limits, self._clock, self._run = limits, clock, run

    @property
    def facts(self) -> dict[str, Any]:
        """What torch says of itself in the workers' processes."""
        every = [server.facts for server in self._servers]  # of all, so that all have torch before the first round
        return every[0]

    def server(self, number: int) -> ForkServer:
        """Gives a fork server: each number its own, as far as there are so many."""
        return self._servers[number % SERVERS]

    def round(self, cases: Sequence[Case], *, group: str, number: int) -> list[Attempt]:
        """Measures one round of cases that are alive together."""
        seats = [Seat(self.server(number), case) for case in (*cases, None)]
        return conduct(seats, group=group, number=number, run=self._run, limits=self._limits, clock=self._clock)

    def untimed(self, kind: str, case: Case, **job: Any) -> Attempt:
        """Runs one pass of one case in a process of its own."""
        started = self._clock()
        status, reason, facts = "ok", "", {}
        try:
            facts = self.ask({"kind": kind, "case": case.to_json(), "device": case.device, **job}, case.threads)
        except WorkerEnded as end:
            status, reason = end.status, end.reason
        if bad := facts.pop("not_finite", 0):
            status, reason = "nan", f"the output has {bad} values that are not finite"
        return Attempt(
            case_hash=case.case_hash,
            kind=kind,
            status=status,
            reason=reason,
            facts=facts,
            warnings=tuple(facts.pop("warnings", ())),
            started_s=started,
            wall_s=self._clock() - started,
        )

    def ask(self, job: dict[str, Any], threads: int | None = None) -> dict[str, Any]:
        """Runs a job that answers by facts, and gives them.

        Raises:
            WorkerEnded: it failed.
        """
        limits = {"threads": threads or self._limits.threads, "memory_bytes": self._limits.memory_bytes}
        answer_s = self._limits.task_s if job["kind"] in _LONG else self._limits.answer_s
        worker = self._servers[0].spawn({**limits, **job})
        try:
            facts: dict[str, Any] = worker.ask(None, answer_s)["facts"]
            worker.finish()
            return facts
        finally:
            worker.close()

    def close(self) -> None:
        """Ends all processes."""
        for server in self._servers:
            server.close()
