"""Runs the audit: each implementation in a process of its own, so that one that hangs or crashes ends nobody else's.

Goes in: which operators, providers and properties. Comes out: rows, one a property that has a meaning. A process is
fresh for each implementation and starts from one that has torch imported; its word is taken row by row, so that what
was found before a crash stands.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import Any

from bench import operators
from bench.audit.row import Row
from bench.errors import UsageError, nearest

__all__ = ["Target", "audit", "seed", "targets"]

TIME_LIMIT_S = 120.0
"""Time that one property of one implementation may take."""


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """An implementation."""

    operator: str
    provider: str
    device: str = "cpu"
    """Where it is called."""


def targets(names: Sequence[str] = (), providers: Sequence[str] = (), device: str = "cpu") -> list[Target]:
    """Gives the implementations that are asked for, all of them where nothing is.

    Args:
        names: of operators; empty: all.
        providers: whose implementations; empty: all. `bench` stands for what an operator itself declares.
        device: where they are called, `cpu` or `cuda`.

    Raises:
        UsageError: an operator or a provider does not exist, or they have nothing in common.
    """
    known = {name: operators.providers_of(name) for name in (names or operators.names())}
    everybody = sorted({"bench", *(provider for offered in known.values() for provider in offered)})
    for provider in providers:
        if provider not in everybody:
            raise UsageError(
                "--provider", f"none of these operators is by {provider!r}", nearest(provider, everybody)
            )
    wanted = set(providers)
    return [
        Target(name, provider, device)
        for name, offered in known.items()
        for i, provider in enumerate(offered)
        if not wanted or provider in wanted or (i == 0 and "bench" in wanted)
    ]


def audit(
    asked: Sequence[Target],
    properties: Sequence[str] = (),
    *,
    plugins: Sequence[str] = (),
    jobs: int = 1,
    time_limit_s: float = TIME_LIMIT_S,
    told: Callable[[Target, list[Row]], None] = lambda target, rows: None,
) -> list[Row]:
    """Audits implementations, several at once.

    Args:
        asked: of `targets`.
        properties: names; empty: all.
        plugins: modules whose operators are added in each process, as on the command line.
        jobs: processes alive together.
        time_limit_s: for one property.
        told: is called when an implementation has been audited.

    Returns:
        The rows in the order of `asked`.
    """
    context = _context()
    waiting, alive, done = list(asked), list[_Worker](), dict[Target, list[Row]]()
    try:
        while waiting or alive:
            while waiting and len(alive) < jobs:
                alive.append(_Worker(context, waiting.pop(0), tuple(properties), tuple(plugins)))
            wait([worker.answers for worker in alive], timeout=min(w.left_s(time_limit_s) for w in alive))
            for worker in list(alive):
                if worker.look(time_limit_s):
                    alive.remove(worker)
                    done[worker.target] = worker.rows
                    told(worker.target, worker.rows)
    finally:
        for worker in alive:
            worker.end()
    return [row for target in asked for row in done[target]]


def seed() -> dict[str, Any]:
    """Gives the errors of the article, computed anew in a process: ``{exhibits, worked_example}``."""
    from bench.audit.worker import serve_seed

    context = _context()
    answers, theirs = context.Pipe(duplex=False)
    process = context.Process(target=serve_seed, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    found: dict[str, Any] = answers.recv()
    process.join()
    return found


def _context() -> Any:
    os.environ.update({"OPENBLAS_NUM_THREADS": "1", "KINETO_LOG_LEVEL": "99"})  # as for the workers of a run
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.audit.worker"])
    return context


class _Worker:
    """A process that audits one implementation; another takes over where it ends too early."""

    def __init__(self, context: Any, target: Target, properties: tuple[str, ...], plugins: tuple[str, ...]) -> None:
        self.context, self.target, self.plugins = context, target, plugins
        self.rows: list[Row] = []
        self.left: tuple[str, ...] = properties
        self.doing: tuple[str, str | None] | None = None
        self._start()

    def _start(self) -> None:
        from bench.audit.worker import serve

        self.answers, theirs = self.context.Pipe(duplex=False)
        words = (theirs, *dataclasses.astuple(self.target), self.left, self.plugins)
        self.process = self.context.Process(target=serve, args=words, daemon=True)
        self.process.start()
        theirs.close()
        self.heard_s = time.monotonic()

    def left_s(self, limit_s: float) -> float:
        return max(0.0, self.heard_s + limit_s - time.monotonic())

    def look(self, limit_s: float) -> bool:
        """Takes what was answered; gives whether all is said."""
        try:
            while self.answers.poll():
                self._take(self.answers.recv())
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            if code == 0:
                return True
            return self._ended(f"the process ended with {_code_words(code)}")
        if self.left_s(limit_s) > 0:
            return False
        self.end()
        return self._ended(f"no answer within {limit_s:g} s")

    def end(self) -> None:
        self.process.kill()
        self.process.join()

    def _take(self, word: tuple[str, Any]) -> None:
        kind, content = word
        self.heard_s = time.monotonic()
        if kind == "properties":
            self.left = content
        elif kind == "begins":
            self.doing = content
        else:
            self.rows.append(content)
            self.left = tuple(name for name in self.left if name != content.name)
            self.doing = None

    def _ended(self, how: str) -> bool:
        name, claimed = self.doing or (self.left[0] if self.left else "set-up", "a process that answers")
        self.rows.append(
            Row(
                operator=self.target.operator,
                provider=self.target.provider,
                name=name,
                claimed=claimed,
                observed=how,
                seen=False,
                evidence=None,
                device=self.target.device,
            )
        )
        self.left, began = tuple(other for other in self.left if other != name), self.doing is not None
        self.doing = None
        if not (self.left and began):  # all is said, or it does not even start
            return True
        self._start()
        return False


def _code_words(code: int | None) -> str:
    return f"exit code {code}" if code is None or code >= 0 else signal.Signals(-code).name
