"""Does each operator do what it claims? Properties tested on random and adversarial inputs, package by package."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.case import DEVICES
from bench.verbs._options import add_results_option

if TYPE_CHECKING:
    from bench.audit.row import Row
    from bench.audit.run import Target

__all__ = ["add_arguments", "run"]

_SEED = "seed_as_written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what is audited, and where results go."""
    for word, about in (
        ("--operator", "only this operator; may be repeated"),
        ("--provider", "only this provider's implementations; may be repeated"),
        ("--property", "only this property; may be repeated"),
    ):
        parser.add_argument(word, action="append", default=[], metavar="NAME", help=about)
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="where the operators are called")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: the rows, as a list")
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="MODULE", help="a module with operators; may be repeated"
    )
    add_results_option(parser)
    parser.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where reports are made")


def run(args: argparse.Namespace) -> int:
    """Audits, stores and reports; gives the exit code: 0, or 3 where an operator of ours breaks its own claim."""
    from bench import audit, operators
    from bench.audit.run import audit as audit_all
    from bench.audit.run import targets
    from bench.errors import UsageError, nearest
    from bench.machine.fingerprint import cores
    from bench.suite.status import cuda_present

    if args.device == "cuda" and not cuda_present():
        raise UsageError("--device", "there is no CUDA device here", "leave it out")
    for module in args.plugin:
        operators.catalogue.add_module(module)
    for name in args.property:
        if name not in audit.names():
            raise UsageError("--property", f"unknown property {name!r}", nearest(name, audit.names()))
    asked = targets(args.operator, args.provider, args.device)
    began = time.monotonic()
    rows = audit_all(asked, args.property, plugins=args.plugin, jobs=cores(), told=_progress(len(asked)))
    found = _entries(rows, args, time.monotonic() - began)
    _store_and_print(found, args)
    ours = {(each.operator, each.provider) for each in asked if _is_ours(each.operator, each.provider)}
    return 3 if any(row.holds is False and (row.operator, row.provider) in ours for row in rows) else 0


def _is_ours(operator: str, provider: str) -> bool:
    from bench import operators

    return bool(operators.load(operator).provider == provider)


def _progress(count: int) -> Any:
    """One line that is written over, on a terminal only."""
    done = 0

    def told(target: Target, rows: list[Row]) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            words = f"{done} of {count}: {target.operator}[{target.provider}]"
            print(f"\r{words:78.78}", end="" if done < count else "\r\n", file=sys.stderr, flush=True)

    return told


def _entries(rows: list[Row], args: argparse.Namespace, took_s: float) -> dict[str, Any]:
    from bench import audit
    from bench.audit.run import seed
    from bench.machine.fingerprint import git_commit, machine, versions

    properties = dict.fromkeys(sorted({row.name for row in rows}), "")
    return {
        "asked": {
            "operator": args.operator,
            "provider": args.provider,
            "property": args.property,
            "device": args.device,
        },
        "took_s": round(took_s, 1),
        "machine": machine(),
        "versions": versions() | _package_versions(rows),
        "commit": git_commit(Path(__file__).parent),
        "properties": {name: _about(name) for name in properties if name in audit.names()},
        "rows": [row.to_json() for row in rows],
        "seed": seed() if _SEED in args.operator and not args.property else None,
    }


def _about(name: str) -> str:
    from bench import audit

    return str(audit.load(name).about)


def _package_versions(rows: list[Row]) -> dict[str, str]:
    """Gives the versions of the packages that were audited."""
    import importlib.metadata

    from bench import operators

    found = {}
    for provider in sorted({row.provider for row in rows} & set(operators.provider_catalogue.names())):
        package = operators.provider_catalogue.load(provider)
        if package.absent() is None:
            found[package.package] = importlib.metadata.version(package.package)
    return found


def _store_and_print(found: dict[str, Any], args: argparse.Namespace) -> None:
    from rich.console import Console

    from bench.report.audit import build_audit
    from bench.report.audit_terminal import print_audit
    from bench.store.audits import create_audit, read_audit

    folder = create_audit(args.results, found)
    page = build_audit(read_audit(folder), args.reports / folder.name)
    if args.format == "json":
        import json

        print(json.dumps(found["rows"], indent=1, ensure_ascii=False))
        return
    console = Console()
    print_audit(found["rows"], console, seed=found["seed"])
    for what, path in (("audit", folder), ("report", page)):
        console.print(f"{what} {path}", markup=False, highlight=False, soft_wrap=True)
