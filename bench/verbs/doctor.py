"""Is this machine fit to measure? What disturbs it, what to do about it, and the smallest change it can show."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.sweep.noise_floor import Measured

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds how long to look, and how to tell."""
    parser.add_argument("--quick", action="store_true", help="leave the noise floor out, which takes half a minute")
    parser.add_argument(
        "--watch", type=float, default=2.0, metavar="S", help="seconds in which neighbours are watched (default: 2)"
    )
    parser.add_argument(
        "--pairs", type=int, default=20, metavar="N", help="pairs of processes for the noise floor (default: 20)"
    )
    parser.add_argument(
        "--cases", type=int, default=15, metavar="N", help="cases that would share the minutes (default: 15)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: for programs")


def run(args: argparse.Namespace) -> int:
    """Looks and tells; gives the exit code: 0, whatever is found, since it informs and judges nothing."""
    import json

    from bench.errors import UsageError
    from bench.machine.doctor import examine_this_machine
    from bench.machine.fingerprint import machine
    from bench.report.doctor import findings_text, floor_json, floors_text

    for option, value, least in (
        ("--watch", args.watch, 0.1),
        ("--pairs", args.pairs, 6),
        ("--cases", args.cases, 1),
    ):
        if not value >= least:
            raise UsageError(option, f"{value:g} is too little", f"{option} {least:g} or more")
    findings = examine_this_machine(args.watch)
    if args.format == "text":
        print(findings_text(findings), flush=True)
    measured, reason = ([], "--quick") if args.quick else _noise_floor(args.pairs)
    if args.format == "json":
        found: dict[str, Any] = {"machine": machine(), "watched_s": args.watch}
        found["findings"] = [finding.to_json() for finding in findings]
        found["noise_floor"] = [
            {"case_id": each.case.case_id, "threads": each.threads, "reason": each.reason}
            | (floor_json(each.floor, args.cases) if each.floor else {})
            for each in measured
        ]
        found["noise_floor_absent"] = reason
        print(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False))
    elif measured:
        print()
        print(floors_text([(each.case, each.floor, each.reason) for each in measured], args.cases))
    else:
        print(f"\nnoise floor: not measured ({reason})")
    return 0


def _noise_floor(pairs: int) -> tuple[list[Measured], str]:
    """Gives the noise floors, or none and why."""
    from bench.errors import StoreError
    from bench.machine.fingerprint import cores, memory_available
    from bench.suite.status import cuda_present
    from bench.sweep.noise_floor import measure, small_cases

    def told(done: int) -> None:
        if sys.stderr.isatty():
            words = f"noise floor: lap {done} of {pairs}"
            print(f"\r{words:40}", end="" if done < pairs else "\r\n", file=sys.stderr, flush=True)

    cases = small_cases(cores(), cuda_present())
    try:
        return measure(cases, pairs=pairs, cores=cores(), memory_bytes=memory_available() * 4 // 10, told=told), ""
    except StoreError as error:  # another run measures; this verb informs and does not fail
        return [], str(error)
