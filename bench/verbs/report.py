"""Makes the report of a stored run, or of several side by side."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the runs and where the report goes."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run's folder, or its name under --results")
    parser.add_argument("--output", type=Path, metavar="DIR", help="the report's folder; default: reports/RUN")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="where runs are stored")


def run(args: argparse.Namespace) -> int:
    """Builds the report and prints the path of its page; gives the exit code 0."""
    import pandas as pd

    from bench.report.build import build
    from bench.store.run import find
    from bench.table.load import load, load_rounds

    runs = list({found.path.resolve(): found for found in (find(args.results, name) for name in args.runs)}.values())
    table = pd.concat([load(one.path) for one in runs], ignore_index=True)
    rounds = pd.concat([load_rounds(one.path) for one in runs], ignore_index=True)
    output = args.output or Path("reports") / "+".join(one.name for one in runs)
    print(build(table, rounds, [one.info for one in runs], output))
    return 0
