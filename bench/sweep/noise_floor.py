"""The machine's noise floor, measured as `bench ab` measures: the same code on both sides of each pair.

Goes in: cases. Comes out: for each its noise floor, or why there is none. Nothing is stored.
"""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.case import Case
from bench.stats.noise_floor import NoiseFloor, noise_floor
from bench.stats.ratio import round_log_ratio
from bench.store.lock import device_lock
from bench.sweep.executors.local import LocalExecutor
from bench.sweep.pairs import BASE, HEAD, pair_round
from bench.sweep.round import Limits

__all__ = ["Measured", "measure", "small_cases"]


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """A case, and how well it can be measured here."""

    case: Case
    threads: int
    floor: NoiseFloor | None
    """Absent where its process failed."""
    reason: str = ""
    """Why it is absent."""


class _Pairs:
    """What the pairs of a case have said so far."""

    def __init__(self, case: Case) -> None:
        self.case, self.reason = case, ""
        self.logs: list[float] = []
        self.seconds: list[float] = []


def small_cases(cores: int, cuda: bool) -> list[Case]:
    """Gives a call of about a millisecond with one thread and with as many as there are cores, and one on CUDA."""
    plain = Case(operator="sdpa", provider="torch", seq_len=256, hidden_size=512, num_heads=8, head_dim=64)
    counts = sorted({1, cores})
    cases = [plain.replace(threads=count) for count in counts]
    return [*cases, plain.replace(device="cuda")] if cuda else cases


def measure(
    cases: Sequence[Case],
    *,
    pairs: int,
    cores: int,
    memory_bytes: int,
    told: Callable[[int], None] = lambda done: None,
) -> list[Measured]:
    """Measures pairs of processes of the same code, case by case in turn.

    Args:
        cases: what is measured.
        pairs: how many of each.
        cores: threads of a case that names none.
        memory_bytes: private memory that a process may take.
        told: called after each lap with the number of laps done.

    Raises:
        StoreError: a run is measuring on one of the same devices.
    """
    limits = Limits(answer_s=60.0, memory_bytes=memory_bytes, threads=cores)
    run = f"doctor {secrets.token_hex(4)}"
    states = [_Pairs(case) for case in cases]
    with contextlib.ExitStack() as stack:
        for device in sorted({case.device for case in cases}):
            stack.enter_context(device_lock(device, "doctor"))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-doctor-"))
        sides = {side: LocalExecutor(Path(folder) / side, limits, run=run) for side in (BASE, HEAD)}
        try:
            for executor in sides.values():
                _ = executor.facts  # of all of them, or torch is imported beside the first pairs
            for number in range(pairs):
                for each in states:
                    if not each.reason:
                        _pair(each, sides, number, run, limits)
                told(number + 1)
        finally:
            for executor in sides.values():
                executor.close()
    return [_measured(each, cores) for each in states]


def _pair(each: _Pairs, sides: dict[str, LocalExecutor], number: int, run: str, limits: Limits) -> None:
    began = time.monotonic()
    pair = pair_round(each.case, sides, number=number, nth=number, run=run, limits=limits, clock=time.monotonic)
    each.seconds.append(time.monotonic() - began)
    if failed := [attempt for attempt in pair.values() if attempt.status != "ok"]:
        each.reason = f"{failed[0].status}: {failed[0].reason}"
        return
    each.logs.append(round_log_ratio(pair[HEAD].per_call_s, pair[BASE].per_call_s))


def _measured(each: _Pairs, cores: int) -> Measured:
    threads = each.case.threads or cores
    if each.reason:
        return Measured(each.case, threads, None, each.reason)
    return Measured(each.case, threads, noise_floor(each.logs, each.seconds))
