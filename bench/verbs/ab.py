"""Compares two git revisions, alive together on this machine: the gate to trust in CI."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bench.verbs._options import (
    add_results_option,
    add_suite_options,
    add_verdict_options,
    check_verdict_options,
)

if TYPE_CHECKING:
    from bench.store.run import PairedRun
    from bench.sweep.revisions import Revision
    from bench.verdict import Comparison

__all__ = ["add_arguments", "run"]

_TIME_LIMIT_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the revisions, the suite, what narrows it, and how the verdict is told."""
    parser.add_argument("base", metavar="BASE_REF", help="a git revision, such as main or HEAD~1")
    parser.add_argument("head", metavar="HEAD_REF", help="another; . is the working tree, less untracked files")
    add_suite_options(parser)
    parser.add_argument(
        "--budget", default="3m", metavar="SPAN", help="time for planning and measuring (default %(default)s)"
    )
    add_verdict_options(parser, margin=0.02)
    add_results_option(parser)


def run(args: argparse.Namespace) -> int:
    """Compares; gives the exit code: 0, 1 on a confirmed regression, 3 where head fails, 4, or 130."""
    import time

    from bench.sweep.revisions import checkouts
    from bench.verbs._options import span_option

    budget_s = span_option("--budget", args.budget)
    check_verdict_options(args)
    with checkouts(Path.cwd(), args.base, args.head, _tell) as (base, head):
        began = time.monotonic()  # to install what a revision requires may take longer than the comparison
        measured = _begin(args, base, head, budget_s, began)
        comparison = _measure(args, measured, base, head)
    _print(args, measured, comparison)
    if measured.info["state"] == "interrupted":
        return 130
    return comparison.exit_code(args.inconclusive)


def _tell(text: str) -> None:
    import sys

    print(text, file=sys.stderr, flush=True)


def _begin(args: argparse.Namespace, base: Revision, head: Revision, budget_s: float, began: float) -> PairedRun:
    """Plans on both sides, and makes the folder."""
    import time

    from bench.machine.fingerprint import cores, machine, memory_available, versions
    from bench.store.run import PairedRun, create
    from bench.sweep.ab import matched
    from bench.sweep.pairs import ROUNDS
    from bench.sweep.revisions import CannotPlanError, suite_files

    words = _narrowing(args)
    suites, notes = suite_files(args.suite, base, head)
    notes += [each.note for each in (base, head) if each.note]
    of_head = head.plan(suites[1], words)
    try:
        of_base = base.plan(suites[0], words)
    except CannotPlanError as error:  # it lacks what head adds: an operator, a plug-in, a suite that names them
        of_base = []
        notes.append(f"{error}: so every case is new")
    cases = matched(of_base, of_head)
    info = {
        "kind": "ab",
        "suite": str(args.suite),
        "base": {"name": base.name, "commit": base.commit},
        "head": {"name": head.name, "commit": head.commit},
        "settings": {
            "budget_s": budget_s,
            "margin": args.margin,
            "accuracy_tolerance": args.accuracy_tolerance,
            "rounds": list(ROUNDS),
            "time_limit_s": _TIME_LIMIT_S,
            "memory_limit_bytes": memory_available() * 4 // 10,  # two processes of a case are alive together
            "threads": cores(),
        },
        "machine": machine(),
        "versions": versions(),
        "cases": cases,
        "notes": notes,
        "state": "running",
        "spent_s": round(time.monotonic() - began, 3),
    }
    return create(args.results, f"ab-{args.suite.stem}", info, PairedRun)


def _narrowing(args: argparse.Namespace) -> list[str]:
    words = [word for device in args.device for word in ("--device", device)]
    words += [word for text in args.where for word in ("--where", text)]
    words += [word for module in args.plugin for word in ("--plugin", module)]
    return words + (["--seed", str(args.seed)] if args.seed is not None else [])


def _measure(args: argparse.Namespace, measured: PairedRun, base: Revision, head: Revision) -> Comparison:
    from bench.analysis.ab import judge
    from bench.errors import StoreError
    from bench.store.journal import read_journal
    from bench.sweep.ab import measure_pairs
    from bench.sweep.ab_display import PairDisplay

    timed = sum(
        all(entry.get(side, {}).get("timed") for side in ("base", "head")) for entry in measured.info["cases"]
    )
    display = PairDisplay(measured.info["settings"]["budget_s"], timed)
    places = {"base": base.place, "head": head.place}
    try:
        measure_pairs(measured, places, plugins=args.plugin, observer=display)
    except StoreError:
        if not measured.journal.exists():  # the device is taken: nothing was measured, and nothing is left behind
            shutil.rmtree(measured.path)
        raise
    finally:
        display.close()
    return judge(measured.info, read_journal(measured.journal).attempts)


def _print(args: argparse.Namespace, measured: PairedRun, comparison: Comparison) -> None:
    from bench.report import verdicts

    verdicts.tell(comparison, args.format, args.output)
    _tell(f"rounds {measured.path}")
