"""What can be swept: every operator with its scopes, its rank and its options."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the format."""
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json: a list of rows")


def run(args: argparse.Namespace) -> int:
    """Prints the operators; gives the exit code."""
    from bench import operators

    names = operators.names()
    rows = [*(_row(name) for name in names), *(_unknown(name) for name in operators.offers() if name not in names)]
    if args.format == "json":
        import json

        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        print("\n".join(line for row in rows for line in _lines(row)))
    return 0


def _row(name: str) -> dict[str, Any]:
    """Gives what an operator declares, or why it cannot be imported."""
    import inspect

    from bench import operators
    from bench.errors import UsageError

    try:
        operator = operators.load(name)
    except UsageError as error:
        return {"operator": name, "place": operators.catalogue.place(name), "reason": str(error)}
    about = inspect.getdoc(type(operator)) or ""
    return {
        "operator": name,
        "place": operators.catalogue.place(name),
        "label": operator.label or name,
        "about": about.partition("\n")[0],
        "family": operator.family,
        "providers": list(operators.providers_of(name)),
        "scopes": sorted(operator.scopes),
        "scopes_by_provider": {provider: _scopes(name, provider) for provider in operators.providers_of(name)},
        "phases": sorted(operator.phases),
        "rank_kind": operator.rank_kind,
        "options": {
            option: {"default": each.default, "about": each.about} for option, each in operator.options.items()
        },
        "reason": None,
    }


def _unknown(name: str) -> dict[str, Any]:
    """Gives why something that a provider offers cannot be swept."""
    from bench import operators
    from bench.errors import nearest

    providers = operators.offers()[name]
    reason = f"{', '.join(providers)} offers it, but no operator has this name; {nearest(name, operators.names())}"
    return {"operator": name, "place": operators.provider_catalogue.place(providers[0]), "reason": reason}


def _scopes(name: str, provider: str) -> list[str]:
    """Gives where an operator can be measured as a provider has it."""
    from bench import operators

    operator = operators.load(name)
    if provider == operator.provider:
        return sorted(operator.scopes)
    return sorted(operator.scopes & operators.provider_catalogue.load(provider).offers[name].scopes)


def _lines(row: dict[str, Any]) -> list[str]:
    if row["reason"]:
        return [row["operator"], f"    {row['reason']}"]
    rank = "no rank" if row["rank_kind"] == "none" else f"rank: {row['rank_kind']}"
    whose = "; ".join(f"by {who} at {', '.join(scopes)}" for who, scopes in row["scopes_by_provider"].items())
    facts = f"{row['family']} {whose}; {rank}"
    options = [f"    {name}={each['default']:g}: {each['about']}" for name, each in row["options"].items()]
    return [f"{row['operator']} ({row['label']})", f"    {row['about']}", f"    {facts}", *options]
