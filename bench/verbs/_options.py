"""What the verbs that take a suite share: its options, and the plan that suite and options make.

`add_suite_options` says what can be typed; `read_plan` reads the suite, adds plug-ins, expands, adds baselines and
groups. Importing this module is light; `read_plan` is where the work is.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.suite.group import Group
    from bench.suite.model import Suite
    from bench.suite.status import Planned

__all__ = [
    "Plan",
    "add_results_option",
    "add_suite_options",
    "add_verdict_options",
    "check_verdict_options",
    "read_plan",
    "span_option",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """A suite, and what is to be done for it."""

    suite: Suite
    """The file, as it was read."""
    seed: int
    """The suite's, or the command line's in its place."""
    planned: tuple[Planned, ...]
    """Every case and what becomes of it, added baselines among them."""
    groups: tuple[Group, ...]
    """What is timed, the cheapest first."""


def span_option(option: str, text: str) -> float:
    """Gives the seconds that an option's span means.

    Raises:
        UsageError: it is no span, or no time at all.
    """
    from bench.errors import UsageError
    from bench.suite.model import span_s

    try:
        seconds = span_s(text)
    except ValueError as error:
        raise UsageError(option, str(error), f"{option} 5m") from error
    if seconds <= 0:
        raise UsageError(option, f"{text!r} is no time at all", f"{option} 5m")
    return seconds


def add_suite_options(parser: argparse.ArgumentParser) -> None:
    """Adds the suite and what narrows it."""
    parser.add_argument("suite", type=Path, metavar="SUITE", help="a suite file, such as suites/nlp.yaml")
    parser.add_argument(
        "--device",
        action="append",
        default=[],
        choices=("cpu", "cuda"),
        help="in place of the suite's; may be repeated",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=V[,V]",
        help="only cases with these values, such as seq_len=128,256; may be repeated, and all must hold",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="in place of the suite's")
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="MODULE", help="a module with operators; may be repeated"
    )


def add_results_option(parser: argparse.ArgumentParser) -> None:
    """Adds the folder of runs."""
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="where runs are stored")


def add_verdict_options(parser: argparse.ArgumentParser, margin: float) -> None:
    """Adds how much may change, and how the verdicts are told.

    Args:
        parser: of a verb that compares.
        margin: unless told.
    """
    from bench.report import verdicts

    parser.add_argument(
        "--margin", type=float, default=margin, metavar="SHARE", help="a smaller change is none (default %(default)s)"
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
    parser.add_argument("--format", choices=verdicts.names(), default="text", help="of the verdicts")
    parser.add_argument("--output", type=Path, metavar="PATH", help="a file for them, in place of standard output")


def check_verdict_options(args: argparse.Namespace) -> None:
    """Looks at the shares that `add_verdict_options` asks for.

    Raises:
        UsageError: one of them is no share.
    """
    from bench.errors import UsageError

    if not 0 < args.margin < 1:
        raise UsageError("--margin", f"{args.margin:g} is no share between 0 and 1", "--margin 0.1")
    if not 0 <= args.accuracy_tolerance < float("inf"):
        found = f"{args.accuracy_tolerance:g} is no share of an error"
        raise UsageError("--accuracy-tolerance", found, "--accuracy-tolerance 0.05")


def read_plan(args: argparse.Namespace) -> Plan:
    """Gives the plan that the options of `add_suite_options` ask for.

    Raises:
        UsageError: the suite or an option is wrong.
    """
    from bench import operators
    from bench.errors import UsageError
    from bench.suite.expand import expand
    from bench.suite.group import group, with_baselines
    from bench.suite.read import read

    for module in args.plugin:
        operators.catalogue.add_module(module)
    where = []
    for text in args.where:
        key, equals, values = text.partition("=")
        if not (key and equals and values):
            raise UsageError("--where", f"{text!r} is no KEY=V[,V]", "--where seq_len=128,256")
        where.append((key, values.split(",")))
    suite = read(args.suite)
    if args.seed is not None and args.seed < 0:
        raise UsageError("--seed", f"{args.seed} is below 0", "--seed 0")
    seed = suite.measure.seed if args.seed is None else args.seed
    planned = with_baselines(expand(suite, devices=args.device, where=where, seed=seed))
    return Plan(suite, seed, planned, group(planned))
