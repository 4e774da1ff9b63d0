"""Why is a case slow: flame graph, torch trace, memory over time; or two such profiles compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.verbs._options import add_results_option

if TYPE_CHECKING:
    from bench.case import Case

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what is looked at, for how long, and where it goes."""
    parser.add_argument("subject", nargs="?", metavar="SUITE|RUN", help="a suite file, or a run's folder or name")
    parser.add_argument("--case", metavar="ID", help="words of the case's id, such as 'full_naive n=512'")
    parser.add_argument(
        "--diff", nargs=2, type=Path, metavar=("A", "B"), help="compare two profiles' folders instead"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="a new folder; absent: profile/ in the run's folder, or one under the results",
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, metavar="S", help="how long stacks are taken (default: 5)"
    )
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="MODULE", help="a module with operators; may be repeated"
    )
    add_results_option(parser)


def run(args: argparse.Namespace) -> int:
    """Profiles, or compares two profiles; gives the exit code: 0, or 3 where the case failed."""
    from bench.errors import UsageError

    if args.diff:
        from bench.profile.difference import difference, read

        print(difference(*map(read, args.diff)), end="")
        return 0
    if args.subject is None or args.case is None:
        raise UsageError(
            "bench profile", "no case is named", "bench profile suites/nlp.yaml --case 'full_naive n=512'"
        )
    if not args.seconds > 0:
        raise UsageError("--seconds", f"{args.seconds:g} is no time at all", "--seconds 5")
    from bench.profile.take import fresh_folder, take

    case, place = _case_and_place(args)
    folder = fresh_folder(args.output or place, exact=args.output is not None)
    profile = take(case, folder, seconds=args.seconds, plugins=args.plugin, tell=_tell)
    print((folder / "summary.md").read_text(encoding="utf-8"))
    print(f"profile {folder}")
    return 0 if profile["status"] == "ok" else 3


def _case_and_place(args: argparse.Namespace) -> tuple[Case, Path]:
    """Gives the case that is meant, and the folder where its profile goes unless another is named."""
    import datetime

    from bench import operators
    from bench.profile.choose import Candidate, candidates_of_run, choose
    from bench.profile.take import slug
    from bench.store.run import find
    from bench.verbs._options import read_plan

    path = Path(args.subject)
    if path.is_file() or path.suffix in (".yaml", ".yml"):
        asked = argparse.Namespace(suite=path, plugin=args.plugin, where=[], device=[], seed=None)
        plan = read_plan(asked)
        case = choose([Candidate(each.case, each.status, each.reason) for each in plan.planned], args.case)
        now = datetime.datetime.now(datetime.UTC)
        return case, args.results / f"profile-{plan.suite.suite}-{now:%Y%m%dt%H%M%S}" / slug(case)
    measured = find(args.results, args.subject)
    args.plugin = list(dict.fromkeys([*measured.info.get("settings", {}).get("plugins", ()), *args.plugin]))
    for module in args.plugin:  # one that is not there is told here, not by the processes
        operators.catalogue.add_module(module)
    case = choose(candidates_of_run(measured.info), args.case)
    return case, measured.path / "profile" / slug(case)


def _tell(text: str) -> None:
    print(f"profile: {text} …", file=sys.stderr, flush=True)
