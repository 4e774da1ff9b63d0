"""The JSON Schema of suite files, for editors: words, types, names, and what each word means."""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds nothing: there is one schema."""


def run(args: argparse.Namespace) -> int:
    """Prints the schema; gives the exit code."""
    import json

    from bench.suite.model import Suite

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Suite.model_json_schema()}
    print(json.dumps(schema, indent=2, ensure_ascii=False))
    return 0
