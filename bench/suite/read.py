"""Reads a suite file: `read(path)` gives the `Suite`, or says all that is wrong with it.

Every message has the file, the line and the column, what was found, and the nearest valid word. What the words mean
together (shapes, ranks, providers) is told by `expand`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic

from bench import operators
from bench.errors import UsageError, nearest
from bench.suite.model import Measure, Suite, Sweep
from bench.suite.yamltree import KEY, Tree, parse

__all__ = ["SuiteError", "read"]


class SuiteError(UsageError):
    """All that is wrong with a suite file, a line each; `where`, `found` and `right` are those of the first."""

    def __init__(self, errors: list[UsageError]) -> None:
        self.errors = tuple(errors)
        super().__init__(errors[0].where, errors[0].found, errors[0].right)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


def read(path: Path) -> Suite:
    """Gives the suite that a file describes.

    Raises:
        UsageError: the file is no YAML, or not a suite: an unknown word, a wrong type, an unknown operator, input,
            dtype or option, each with its line.
    """
    tree = parse(path)
    try:
        suite = Suite.model_validate(tree.data).read_from(tree)
    except pydantic.ValidationError as error:
        faults = sorted(error.errors(), key=lambda fault: tree.position(*fault["loc"]))
        raise SuiteError([_told(tree, fault) for fault in faults]) from error
    wrong = list(_wrong_options(suite))
    if wrong:
        raise SuiteError(wrong)
    return suite


_RIGHT = {
    "model_type": "be a map of words",
    "dict_type": "be a map",
    "tuple_type": "be a list",
    "int_type": "be a whole number",
    "float_type": "be a number",
    "finite_number": "be a number",
    "bool_type": "be true or false",
    "string_type": "be a text (quote it if it is one)",
    "string_pattern_mismatch": "be a name of small letters, digits, '.', '_' and '-'",
    "greater_than_equal": "be {ge:g} or more",
    "greater_than": "be more than {gt:g}",
    "less_than": "be less than {lt:g}",
    "too_long": "hold at most {max_length}",
    "too_short": "hold one or more",
    "missing": "hold one more",
}
"""pydantic's kind of fault -> what a value must do; our own kinds say so themselves."""


def _told(tree: Tree, fault: Mapping[str, Any]) -> UsageError:
    """Gives a fault that pydantic found, in our words."""
    kind, path, context = fault["type"], fault["loc"], fault.get("ctx", {})
    words = [part for part in path if isinstance(part, str) and part != KEY]
    name = words[-1] if words else "the file"
    if kind == "extra_forbidden":
        return UsageError(tree.where(*path, KEY), f"unknown word {name!r}", nearest(name, _words(path)))
    if kind == "missing" and isinstance(path[-1], str):
        return UsageError(tree.where(*path), f"the word {name!r} is missing", f"{name}: …")
    if kind == "unknown_name":
        return UsageError(tree.where(*path), context["found"], context["right"])
    value = fault["input"]
    found = f"{name!r} is empty" if value is None else f"{name!r} is {_short(value)}"
    if path and path[-1] == KEY:
        found = f"the name {value!r}"
    right = _RIGHT[kind].format(**context) if kind in _RIGHT else fault["msg"].removeprefix("Input should ")
    return UsageError(tree.where(*path), found, f"it must {right}")


def _words(path: tuple[str | int, ...]) -> Iterator[str]:
    """Gives the valid words of the map that an unknown word stands in."""
    inner: dict[str, type[pydantic.BaseModel]] = {"measure": Measure, "fixed": Sweep, "sweeps": Sweep}
    model = Suite if len(path) == 1 else inner[str(path[0])]
    yield from model.model_fields


def _short(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        kind = "map" if isinstance(value, dict) else "list"
        return f"a {kind} of {len(value)}" if value else f"an empty {kind}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _wrong_options(suite: Suite) -> Iterator[UsageError]:
    """Gives the options that no operator to which they could apply declares, and the values that have no meaning."""
    everywhere: set[str] = set(suite.fixed.operator)
    for name, sweep in suite.sweeps.items():
        everywhere.update(sweep.operator)
        yield from _undeclared(suite, ("sweeps", name), sweep, set(sweep.operator or suite.fixed.operator))
    yield from _undeclared(suite, ("fixed",), suite.fixed, everywhere)


def _undeclared(suite: Suite, path: tuple[str, ...], sweep: Sweep, names: set[str]) -> Iterator[UsageError]:
    if not sweep.options:
        return
    declared = {option for name in names for option in operators.load(name).options}
    who = ", ".join(sorted(names)) or "the operators of no sweep"
    for index, each in enumerate(sweep.options):
        for option in sorted(each.keys() - declared):
            found = f"unknown option {option!r} of {who}"
            right = (
                nearest(option, declared) if declared else f"{who} {'has' if len(names) == 1 else 'have'} no options"
            )
            yield UsageError(suite.where(*path, "options", index, option, KEY), found, right)
        for name, (option, values) in itertools.product(sorted(names), sorted(each.items())):
            known = operators.load(name).options.get(option)
            for value in values if known else ():
                if right := known.refusal(value):
                    found = f"option {option!r} of {name} is {value:g}"
                    yield UsageError(suite.where(*path, "options", index, option), found, f"it must {right}")
