"""Measures a suite, stores the run, and makes its report."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.verbs._options import add_results_option, add_suite_options, span_option

if TYPE_CHECKING:
    from bench.store.run import Run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite, what narrows it, and where results go."""
    add_suite_options(parser)
    parser.add_argument(
        "--budget", metavar="SPAN", help="time for the whole run, such as 5m, in place of the suite's"
    )
    add_results_option(parser)
    parser.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where reports are made")
    parser.add_argument("--no-report", action="store_true", help="store the run only")
    parser.add_argument("--resume", metavar="RUN", help="take up a run of this suite that was interrupted")
    parser.add_argument("--executor", choices=("local",), default="local", help="where rounds are run")


def run(args: argparse.Namespace) -> int:
    """Measures; gives the exit code: 0, 3 where cases failed, 130 where the user stopped it."""
    from rich.console import Console

    from bench.attempt import FAILURES
    from bench.errors import BenchError
    from bench.report.terminal import closing
    from bench.sweep.execute import execute
    from bench.table.load import write_records

    console = Console()
    if not args.no_report:
        _check_folder(args.reports)
    measured = _take_up(args) if args.resume else _begin(args)
    console.print(f"run {measured.path}", markup=False, highlight=False, soft_wrap=True)
    try:
        execute(measured, plugins=measured.info["settings"]["plugins"], console=console)
    except BenchError:  # the device is taken, or a stranger's metric cannot be imported
        if not args.resume and not (measured.journal.exists() and measured.journal.stat().st_size):
            shutil.rmtree(measured.path)  # nothing was measured, and nothing is left behind
        raise
    table = write_records(measured)
    closing(table, console)
    if not args.no_report:
        _report(measured, table, args.reports, console)
    if measured.info["state"] == "interrupted":
        elsewhere = "" if args.results == Path("results") else f" --results {args.results}"
        again = f"python -m bench run {args.suite} --resume {measured.name}{elsewhere}"
        console.print(f"stopped; take it up again: {again}", markup=False, highlight=False, soft_wrap=True)
        return 130
    return 3 if table[["status", "task_status"]].isin(FAILURES).any(axis=None) else 0


def _begin(args: argparse.Namespace) -> Run:
    import dataclasses

    from bench.column import COLUMNS, SCHEMA_VERSION
    from bench.machine.fingerprint import cores, git_commit, machine, versions
    from bench.store.run import create, earlier_paces, finished
    from bench.suite.manifest import manifest
    from bench.verbs._options import read_plan

    plan = read_plan(args)
    here, known = machine(), versions()
    info: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "suite": plan.suite.suite,
        "about": plan.suite.about,
        "suite_file": args.suite.read_text(encoding="utf-8"),
        "settings": _settings(args, plan, here),
        "machine": here,
        "versions": known,
        "commit": git_commit(args.suite.resolve().parent) or git_commit(Path(__file__).parent),
        "bench_commit": git_commit(Path(__file__).parent),
        "columns": [dataclasses.asdict(column) for column in COLUMNS],
        "state": "planned",
        "earlier_paces_s": earlier_paces(finished(args.results, here["name"], known["torch"])),
        "data": _provenance(plan),
    }
    memory = {"cpu": info["settings"]["memory_limit_bytes"]}
    if here["gpus"] and here["gpus"][0]["memory_bytes"]:
        memory["cuda"] = here["gpus"][0]["memory_bytes"] * 8 // 10
    name, threads = plan.suite.suite, cores()
    entries = manifest(plan.planned, plan.groups, suite=name, threads=threads, versions=known, memory=memory)
    return create(args.results, plan.suite.suite, info | entries)


def _settings(args: argparse.Namespace, plan: Any, here: dict[str, Any]) -> dict[str, Any]:
    from bench.machine.fingerprint import memory_available

    measure = plan.suite.measure
    return {
        "budget_s": span_option("--budget", args.budget) if args.budget else measure.budget,
        "precision": measure.precision,
        "rounds": list(measure.rounds),
        "seed": plan.seed,
        "time_limit_s": measure.time_limit,
        "task_limit_s": measure.task_limit,
        "memory_limit_bytes": measure.memory_limit or memory_available() * 8 // 10,
        "threads": here["cores"],
        "plugins": args.plugin,
    }


def _check_folder(folder: Path) -> None:
    """A report that cannot be written is told before minutes of measuring, not after."""
    from bench.errors import StoreError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(str(folder), f"cannot be made ({error.strerror})", "--reports another folder") from error


def _provenance(plan: Any) -> dict[str, Any]:
    """What is known of the data behind inputs and tasks, and of pretrained models: package, version, hash.

    What tasks read is hashed once, here: what is recorded is what is there.
    """
    from bench.data.verify import verify
    from bench.measure import inputs
    from bench.suite import application

    cases = [planned.case for planned in plan.planned if planned.status == "planned"]
    members = {name: inputs.load(name) for name in sorted({case.input for case in cases if case.task is None})}
    found = {name: member.provenance() for name, member in members.items() if hasattr(member, "provenance")}
    sources = {name: each for case in cases if case.task for name, each in application.sources(case).items()}
    for name, source in sources.items():
        verify(source)
        found[name] = source.provenance()
    return found


def _take_up(args: argparse.Namespace) -> Run:
    from bench import operators
    from bench.errors import UsageError
    from bench.machine.fingerprint import machine, versions
    from bench.store.run import find

    taken = find(args.results, args.resume)
    plugins = list(dict.fromkeys([*taken.info["settings"].get("plugins", ()), *args.plugin]))
    for module in plugins:  # a module that is not there is told here, not by the workers
        operators.catalogue.add_module(module)
    where, fresh = f"--resume {args.resume}", "start a new run"
    if taken.info["suite_file"] != args.suite.read_text(encoding="utf-8"):
        raise UsageError(where, f"{args.suite} is not the suite file of that run", fresh)
    if args.where or args.device or args.seed is not None:
        raise UsageError(where, "the cases of a run cannot be changed", "leave out --where, --device and --seed")
    if taken.info["state"] == "done" and not args.budget:
        raise UsageError(where, "that run has come to its end", f"give it more time with --budget, or {fresh}")
    for what, then, now in (
        ("machine", taken.info["machine"]["name"], machine()["name"]),
        ("torch", taken.info["versions"]["torch"], versions()["torch"]),
    ):
        if then != now:
            raise UsageError(where, f"{what} was {then} and is {now}; the rounds could not be compared", fresh)
    settings = {**taken.info["settings"], "plugins": plugins}
    if args.budget:
        settings["budget_s"] = span_option("--budget", args.budget)
    taken.save(settings=settings)
    return taken


def _report(measured: Run, table: Any, reports: Path, console: Any) -> None:
    from bench.report.build import build
    from bench.table.load import load_rounds

    began = time.monotonic()
    page = build(table, load_rounds(measured.path), measured.info, reports / measured.name)
    measured.save(report_s=round(time.monotonic() - began, 3))
    console.print(f"report {page}", markup=False, highlight=False, soft_wrap=True)
