"""A case's series over the runs in a folder, with the steps in it and the commits around each step."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.verbs._options import add_results_option

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds which cases, which metric, and how to tell."""
    parser.add_argument(
        "case",
        nargs="*",
        metavar="CASE",
        help="words of the case's id: linformer n=512; absent: what changed",
    )
    add_results_option(parser)
    parser.add_argument(
        "--metric",
        default="latency_ratio",
        metavar="COLUMN",
        help="a column of the table, such as latency_median_s (default: latency_ratio, blind to a slower machine)",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=V[,V]",
        help="only rows with these values, such as phase=train; may be repeated, and all must hold",
    )
    parser.add_argument(
        "--margin", type=float, default=0.02, metavar="SHARE", help="leave out smaller steps (default: 0.02, 2 %%)"
    )
    parser.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", help="json: a list of series"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="the pictures' folder; default: reports/history-…")


def run(args: argparse.Namespace) -> int:
    """Reads, looks for steps, draws and tells; gives the exit code 0, whatever has changed: it gates nothing."""
    import json

    from bench.analysis.history import histories
    from bench.errors import UsageError
    from bench.report.history import build
    from bench.report.history_text import markdown, rows, series_text, text
    from bench.table.load import load, load_runs
    from bench.table.narrow import where, with_words

    if not args.margin >= 0:
        raise UsageError("--margin", f"{args.margin:g} is below 0", "--margin 0.02")
    table = load(args.results)
    infos = {one.name: one.info for one in load_runs(args.results)}
    narrowed = where(table, args.where)
    words = " ".join(args.case)
    wanted = (with_words(narrowed, words) if words else narrowed).index
    found = histories(table, infos, metric=args.metric, margin=args.margin, wanted=wanted)
    if args.format == "json":
        print(json.dumps(rows(found), indent=1, ensure_ascii=False, allow_nan=False))
    elif args.format == "markdown":
        print(markdown(found), end="")
    else:
        print(series_text(found) if words else text(found))
    shown = [each for each in found if each.valued and (words or each.steps)]
    if shown:
        place = args.output or Path("reports") / f"history-{args.results.resolve().name}-{args.metric}"
        summary = build(shown, place, title=f"{args.metric} over the runs in {args.results}")
        if args.format == "text":
            print(f"report {summary}")
    return 0
