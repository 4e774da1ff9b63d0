"""Compares two stored runs; `bench ab`, which measures both together, is the gate to trust."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report import verdicts
from bench.verbs._options import add_results_option, add_verdict_options, check_verdict_options

if TYPE_CHECKING:
    from bench.store.run import Run

__all__ = ["add_arguments", "run"]

_OF_A_RUN = ("run.json", "ab.json", "audit.json")
"""One of them makes a folder a run, or something else that is no folder of runs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the runs, how much may change, and how the verdict is told."""
    parser.add_argument(
        "base",
        metavar="BASE",
        help="a run's folder, its name under --results, or a folder of runs: then the last comparable one",
    )
    parser.add_argument("head", metavar="HEAD", help="likewise; of a folder of runs the last one")
    add_results_option(parser)
    add_verdict_options(parser, margin=0.1)
    parser.add_argument(
        "--allow-mismatch", action="store_true", help="compare although machine, torch or threads differ, and tell it"
    )


def run(args: argparse.Namespace) -> int:
    """Compares; gives the exit code: 0, 1 on a regression, 3 where head fails, or 4."""
    from bench.analysis.compare import compare

    check_verdict_options(args)
    head = _head(args)
    comparison = compare(
        _base(args, head),
        head,
        margin=args.margin,
        accuracy_tolerance=args.accuracy_tolerance,
        allow_mismatch=args.allow_mismatch,
    )
    verdicts.tell(comparison, args.format, args.output)
    return comparison.exit_code(args.inconclusive)


def _head(args: argparse.Namespace) -> Run:
    from bench.analysis.alike import latest
    from bench.store.run import find

    folder = _folder_of_runs(args.results, args.head)
    return find(args.results, args.head) if folder is None else latest(_runs(folder), args.head)


def _base(args: argparse.Namespace, head: Run) -> Run:
    from bench.analysis.alike import baseline_among
    from bench.store.run import find

    folder = _folder_of_runs(args.results, args.base)
    if folder is None:
        return find(args.results, args.base)
    return baseline_among(_runs(folder), head, args.base, allow_mismatch=args.allow_mismatch)


def _folder_of_runs(results: Path, name: str) -> Path | None:
    """Gives the folder, where the name is one that is not itself a run."""
    folders = [folder for folder in (Path(name), results / name) if folder.is_dir()]
    return folders[0] if folders and not any((folders[0] / name).is_file() for name in _OF_A_RUN) else None


def _runs(folder: Path) -> list[Run]:
    """Gives the runs in a folder; an empty one holds none, which is for the comparison to tell."""
    from bench.table.load import load_runs

    return load_runs(folder) if any(folder.glob("*/run.json")) else []
