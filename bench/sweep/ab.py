"""A folder for two revisions -> the same folder, measured: everything between `ab.json` and the journal's last line.

Each revision plans the suite itself, so that what appeared, vanished or came to mean something else is seen.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.case import Case
from bench.store.journal import Journal
from bench.store.lock import device_lock
from bench.store.run import PairedRun
from bench.suite.group import group_name
from bench.sweep.execute import stopped_by_sigterm
from bench.sweep.executors.local import LocalExecutor
from bench.sweep.pairs import BASE, HEAD, Comparing, PairObserver, PairPolicy
from bench.sweep.processes import Place
from bench.sweep.revisions import Sought
from bench.sweep.round import Limits

__all__ = ["matched", "measure_pairs"]


def matched(base: Iterable[Sought], head: Iterable[Sought]) -> list[dict[str, Any]]:
    """Gives the entries `cases` of an `ab.json`: every case of either side and what becomes of it there.

    Returns:
        Entries with ``case case_hash case_id group`` and, under `base` and `head`, ``status reason timed``, absent
        where that side does not plan the case. Cases are the same where their hashes are.
    """
    entries: dict[str, dict[str, Any]] = {}
    for side, of_side in ((HEAD, head), (BASE, base)):
        for each in of_side:
            case = each.case
            names = {"case": case.to_json(), "case_hash": case.case_hash, "case_id": case.case_id}
            entry = entries.setdefault(case.case_hash, {**names, "group": group_name(case)})
            entry[side] = {"status": each.row["status"], "reason": each.row["reason"], "timed": each.timed}
    return list(entries.values())


def measure_pairs(
    run: PairedRun, places: dict[str, Place], *, plugins: Sequence[str], observer: PairObserver
) -> None:
    """Measures what both revisions have; the folder's state is then `done` or `interrupted`.

    Args:
        run: says what is to be compared.
        places: `base` and `head`: which code each runs.
        plugins: modules whose operators are added on both sides.
        observer: is told how it goes.

    Raises:
        StoreError: the device is held by another run, or the disk is full.
    """
    settings = run.info["settings"]
    policy = PairPolicy(settings["budget_s"], settings["margin"], *settings["rounds"])
    limits = Limits(settings["time_limit_s"], settings["memory_limit_bytes"], settings["threads"])
    cases = [
        Case.from_json(entry["case"])
        for entry in run.info["cases"]
        if all(entry.get(side, {}).get("timed") for side in (BASE, HEAD))
    ]
    began = time.monotonic() - run.info["spent_s"]

    def clock() -> float:
        return float(time.monotonic() - began)

    with contextlib.ExitStack() as stack:
        for device in sorted({case.device for case in cases}):
            stack.enter_context(device_lock(device, run.name))
        stack.enter_context(stopped_by_sigterm())
        journal = stack.enter_context(Journal(run.journal))
        fresh = _executors(run.log, limits, places, plugins, cases, run.name, clock)
        sides = fresh()
        for executor in sides.values():
            stack.callback(executor.close)
        words: dict[str, Any] = {"run": run.name, "limits": limits, "clock": clock}
        comparing = Comparing(cases, sides, policy, fresh=fresh, journal=journal, **words)
        try:
            comparing.run(observer)
            run.save(state="done", wall_s=round(clock(), 3))
        except KeyboardInterrupt:
            run.save(state="interrupted", wall_s=round(clock(), 3))


def _executors(
    log: Path,
    limits: Limits,
    places: dict[str, Place],
    plugins: Sequence[str],
    cases: Sequence[Case],
    run: str,
    clock: Callable[[], float],
) -> Callable[[], dict[str, LocalExecutor]]:
    providers = sorted({case.provider for case in cases})
    words: dict[str, Any] = {"run": run, "plugins": plugins, "providers": providers, "clock": clock}

    def make() -> dict[str, LocalExecutor]:
        return {side: LocalExecutor(log, limits, place=place, **words) for side, place in places.items()}

    return make
