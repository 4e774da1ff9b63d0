"""Compares two git revisions, alive together on this machine: the gate to trust in CI."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.verbs._options import add_results_option, add_suite_options

if TYPE_CHECKING:
    from bench.store.run import PairedRun
    from bench.sweep.revisions import Revision
    from bench.verdict import Comparison

__all__ = ["add_arguments", "run"]

_ROUNDS = (8, 60)
_TIME_LIMIT_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the revisions, the suite, what narrows it, and how the verdict is told."""
    parser.add_argument("base", metavar="BASE_REF", help="a git revision, such as main or HEAD~1")
    parser.add_argument("head", metavar="HEAD_REF", help="another; . is the working tree as it is")
    add_suite_options(parser)
    parser.add_argument("--budget", default="3m", metavar="SPAN", help="time for all of it (default %(default)s)")
    parser.add_argument(
        "--margin", type=float, default=0.02, metavar="SHARE", help="a smaller change is none (default %(default)s)"
    )
    parser.add_argument(
        "--accuracy-tolerance",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="by how much an error may grow (default %(default)s)",
    )
    parser.add_argument(
        "--inconclusive", choices=("pass", "fail"), default="pass", help="fail: exit code 4 where a case is undecided"
    )
    parser.add_argument(
        "--format", choices=("text", "markdown", "json", "junit", "github"), default="text", help="of the verdicts"
    )
    parser.add_argument("--output", type=Path, metavar="PATH", help="a file for them, in place of standard output")
    add_results_option(parser)


def run(args: argparse.Namespace) -> int:
    """Compares; gives the exit code: 0, 1 on a confirmed regression, 3 where head fails, 4, or 130."""
    import os
    import time

    from bench.errors import UsageError
    from bench.sweep.revisions import checkouts
    from bench.verbs._options import span_option

    budget_s = span_option("--budget", args.budget)
    if not 0 < args.margin < 1:
        raise UsageError("--margin", f"{args.margin:g} is no share between 0 and 1", "--margin 0.02")
    began = time.monotonic()
    with checkouts(Path.cwd(), args.base, args.head, _tell) as (base, head):
        measured = _begin(args, base, head, budget_s, began)
        comparison = _measure(args, measured, base, head)
    _print(args, measured, comparison)
    if measured.info["state"] == "interrupted":
        return 130
    code = comparison.exit_code(args.inconclusive)
    if os.environ.get("CI") and code == 0 and comparison.of("inconclusive"):
        _tell("some cases are undecided; --inconclusive fail makes that an exit code of 4")
    return code


def _tell(text: str) -> None:
    import sys

    print(text, file=sys.stderr, flush=True)


def _begin(args: argparse.Namespace, base: Revision, head: Revision, budget_s: float, began: float) -> PairedRun:
    """Plans on both sides, and makes the folder."""
    import time

    from bench.machine.fingerprint import cores, machine, memory_available, versions
    from bench.store.run import PairedRun, create
    from bench.sweep.ab import matched

    words = _narrowing(args)
    suites, notes = _suites(args.suite, base, head)
    cases = matched(base.plan(suites[0], words), head.plan(suites[1], words))
    info = {
        "kind": "ab",
        "suite": str(args.suite),
        "base": {"name": base.name, "commit": base.commit},
        "head": {"name": head.name, "commit": head.commit},
        "settings": {
            "budget_s": budget_s,
            "margin": args.margin,
            "accuracy_tolerance": args.accuracy_tolerance,
            "rounds": list(_ROUNDS),
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


def _suites(suite: Path, base: Revision, head: Revision) -> tuple[list[Path], list[str]]:
    """Gives the suite's file of each side: its own where it has one, else the other's, else the one that is named."""
    from bench.errors import UsageError

    here = suite.resolve()
    root = next((parent for parent in here.parents if (parent / ".git").exists()), None)
    own: list[Path | None] = []
    for revision in (base, head):
        file = revision.place.folder / here.relative_to(root) if root and revision.place.folder else None
        own.append(file if file and file.is_file() else None)
    if own[0] and own[1]:
        return [own[0], own[1]], []
    stand_in = own[1] or own[0] or (here if here.is_file() else None)
    if stand_in is None:
        raise UsageError(str(suite), "is in neither revision, nor a file", "a suite file, such as suites/nlp.yaml")
    missing = [each.name for each, file in zip((base, head), own, strict=True) if file is None]
    note = f"{suite} is not in {' and '.join(missing)}: planned there by the file of the other side"
    return [own[0] or stand_in, own[1] or stand_in], [note] if any(own) else []


def _measure(args: argparse.Namespace, measured: PairedRun, base: Revision, head: Revision) -> Comparison:
    from bench.analysis.ab import judge
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
    finally:
        display.close()
    return judge(measured.info, read_journal(measured.journal).attempts)


def _print(args: argparse.Namespace, measured: PairedRun, comparison: Comparison) -> None:
    from bench.report import verdicts

    verdicts.tell(comparison, args.format, args.output)
    _tell(f"rounds {measured.path}")
