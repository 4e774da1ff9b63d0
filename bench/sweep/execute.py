"""A run's folder -> the same folder, measured: everything between `run.json` and the last line of the journal.

A new run and one that is taken up again go the same way; what is planned is read from `run.json`, what is done from
the journal.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

from rich.console import Console

from bench.case import Case
from bench.store.journal import Journal, Reading, read_journal
from bench.store.lock import device_lock
from bench.store.run import Run
from bench.sweep.budget import Part, Policy
from bench.sweep.drive import Item, Sweep
from bench.sweep.executors.local import LocalExecutor
from bench.sweep.processes import WorkerEnded
from bench.sweep.progress import Display
from bench.sweep.round import Limits

__all__ = ["execute", "planned_parts", "stopped_by_sigterm"]


def execute(run: Run, *, plugins: Sequence[str], console: Console) -> None:
    """Measures what a run has not measured yet; its state is then `done` or `interrupted`.

    Args:
        run: says what is planned and holds what is done.
        plugins: modules whose operators are added.
        console: where progress is shown.

    Raises:
        StoreError: the device is held by another run, or the disk is full.
    """
    settings = run.info["settings"]
    policy = Policy(settings["budget_s"], settings["precision"], *settings["rounds"])
    done = read_journal(run.journal)
    for fault in done.faults:
        console.print(f"warning: {fault}", markup=False, highlight=False, soft_wrap=True)
    clock = _clock(done)
    limits = Limits(
        settings["time_limit_s"],
        settings["memory_limit_bytes"],
        settings["threads"],
        task_s=settings.get("task_limit_s", settings["time_limit_s"]),
    )
    rows = [entry["row"] for entry in run.info["cases"] if entry["status"] == "planned"]
    providers = sorted({row["provider"] for row in rows})
    with contextlib.ExitStack() as stack:
        for device in sorted({row["device"] for row in rows}):
            stack.enter_context(device_lock(device, run.name))
        stack.enter_context(stopped_by_sigterm())
        journal = stack.enter_context(Journal(run.journal))
        words: dict[str, Any] = {"plugins": plugins, "providers": providers}
        executor = LocalExecutor(run.log, limits, run=run.name, clock=clock, **words)
        stack.callback(executor.close)
        items, parts = planned_parts(run.info)
        sweep = Sweep(items, parts, policy, executor=executor, journal=journal, clock=clock)
        sweep.take_up(done.attempts)
        try:
            columns = [*run.info["columns"], *executor.facts["columns"]]
            known = {column["name"]: column for column in columns}
            run.save(columns=list(known.values()), state="running", parallel=executor.facts["parallel"])
            if "peaks" not in run.info:
                peaks, warnings = _peaks(run.info, executor)
                run.save(peaks=peaks, warnings=warnings)
            with Display(console, sweep.parts, policy, len(run.info["cases"])) as display:
                sweep.run(display)
            run.save(state="done", wall_s=round(clock(), 3))
        except KeyboardInterrupt:
            run.save(state="interrupted", wall_s=round(clock(), 3))


def _clock(done: Reading) -> Any:
    """Seconds since the run began; a run that is taken up goes on where its last attempt ended."""
    spent = max((attempt.started_s + attempt.wall_s for attempt in done.attempts), default=0.0)
    start = time.monotonic() - spent
    return lambda: time.monotonic() - start


@contextlib.contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Lets SIGTERM end a run as Ctrl-C does: what is measured is kept."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def planned_parts(info: dict[str, Any]) -> tuple[dict[str, list[Item]], list[Part]]:
    """Gives what a `run.json` (or a manifest) plans: the items of each part by its name, and the parts in order."""
    entries = {entry["case_hash"]: entry for entry in info["cases"] if entry["status"] == "planned"}
    cases = {case_hash: Case.from_json(entry["case"]) for case_hash, entry in entries.items()}
    items: dict[str, list[Item]] = {}
    for case_hash, entry in entries.items():
        what = {name: entry[name] for name in ("timed", "accuracy", "hardness", "bound_rank")}
        what["seeds"] = entry.get("seeds", 0)  # runs of before had none
        for name in entry["parts"]:
            items.setdefault(name, []).append(Item(cases[case_hash], **what))
    parts = []
    for part in info["parts"]:
        members = [item.case for item in items[part["name"]] if item.timed]
        parts.append(Part(part["name"], members, cases[part["baseline"]]))
    named = {part.name for part in parts}
    # Cases that are never timed and stand in no timed group have a part of their own, for their passes.
    parts += [Part(name, (), of_name[0].case) for name, of_name in items.items() if name not in named]
    return items, parts


def _peaks(info: dict[str, Any], executor: LocalExecutor) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Measures the roof of each device, dtype and number of threads in use; one that fails is absent, and told."""
    peaks: dict[str, dict[str, float]] = {}
    warnings = []
    rows = [entry["row"] for entry in info["cases"] if entry["status"] == "planned"]
    for device, dtype, threads in sorted({(row["device"], row["dtype"], row["threads"]) for row in rows}):
        use = f"{device}/{dtype}/{threads:g}"
        try:
            peaks[use] = executor.ask({"kind": "peak", "device": device, "dtype": dtype}, threads)
        except WorkerEnded as end:
            warnings.append(f"the peak of {use} was not measured ({end}): no roofline_share there")
    return peaks, warnings
