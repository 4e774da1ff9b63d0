"""Writes a stored run in a format that other tools read: pytest-benchmark, pyperf, asv, JUnit, CSV and others."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.verbs._options import add_results_option

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the run, the format, and where it goes."""
    from bench.report import exports

    words = ", ".join(_word(name) for name in exports.names())
    parser.add_argument("run", metavar="RUN", help="a run's folder, or its name under --results")
    parser.add_argument("--to", required=True, metavar="FORMAT", help=f"one of: {words}")
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="a file, or asv's results folder; default: standard output"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_results_option(parser)


def run(args: argparse.Namespace) -> int:
    """Exports, tells on standard error what the format has no room for, and gives the exit code 0."""
    from bench.analysis.series import measured
    from bench.errors import UsageError, nearest
    from bench.report import exports
    from bench.report.exports._printed import reasons
    from bench.store.run import find
    from bench.table.load import load, load_rounds

    formats = {_word(name): name for name in exports.names()}
    if args.to not in formats:
        raise UsageError("--to", f"unknown format {args.to!r}", nearest(args.to, formats))
    member, found = exports.load(formats[args.to]), find(args.results, args.run)
    table, rounds = load(found.path), load_rounds(found.path)
    if not member.holds_failures and not measured(table).any():
        raise UsageError(found.name, "has no case with a latency", "--to junit says why")
    if not hasattr(member, "write"):
        _deliver(member.render(table, rounds, found.info), args.output, replace=args.force)
    elif args.output is None:
        raise UsageError("--output", f"is missing, and --to {args.to} writes a folder", "--output DIR")
    else:
        member.write(table, rounds, found.info, args.output)
    left_out = [] if member.holds_failures else reasons(table)
    if left_out:
        print(f"{args.to} has no room for cases without a latency; left out:", *left_out, sep="\n", file=sys.stderr)
    return 0


def _deliver(text: str, output: Path | None, *, replace: bool) -> None:
    from bench.errors import UsageError
    from bench.store.run import write_text

    if output is None:
        sys.stdout.write(text)
    elif output.is_dir():
        raise UsageError(str(output), "is a folder", "--output a file in it")
    elif output.exists() and not replace:
        raise UsageError(str(output), "is there already", "--force replaces it")
    else:
        write_text(output, text)


def _word(name: str) -> str:
    """Gives a format's name as it is typed."""
    return name.replace("_", "-")
