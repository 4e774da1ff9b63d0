"""A suite file as plain data, with the line and column of everything in it.

Goes in: the path of a YAML file. Comes out: a `Tree`: maps, lists, texts, numbers and flags, and where each stands,
so that `read` can point at what is wrong. Numbers and flags are those of YAML 1.2: ``1e-3`` is a number, ``yes``,
``12:30`` and ``<<`` are texts. YAML is data here: a tag, a second document or a key given twice is an error.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import yaml

from bench.errors import UsageError

__all__ = ["KEY", "Tree", "parse"]

KEY = "[key]"
"""Ends the path of a map's key, as in pydantic's locations; without it a path is that of the value."""

_MAX_BYTES = 2**20
_MAX_DEPTH = 12
_MAX_NODES = 10_000  # counted again when aliases are put in, so that a few of them cannot become millions
_TOO_MANY = f"more than {_MAX_NODES:,} values, aliases put in"

_NULL, _FLAG, _INT, _FLOAT, _TEXT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str"))


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A parsed file."""

    name: str
    """The file, as it was given."""
    data: Any
    """Its content: dict, list, str, int, float, bool or None."""
    places: dict[tuple[str | int, ...], tuple[int, int]]
    """Path -> line and column, both from 1."""

    def position(self, *path: str | int) -> tuple[int, int]:
        """Gives line and column of a path, or of the nearest thing around it that is in the file.

        An index into a value that stands alone, without a list around it, is passed over.
        """
        here: tuple[str | int, ...] = ()
        for part in path:
            if (*here, part) in self.places:
                here = (*here, part)
            elif not isinstance(part, int):
                break
        return self.places.get(here, (1, 1))

    def where(self, *path: str | int) -> str:
        """Gives ``file:line:column`` of a path, as `position` does."""
        line, column = self.position(*path)
        return f"{self.name}:{line}:{column}"


def parse(path: Path) -> Tree:
    """Gives the content of a YAML file.

    Raises:
        UsageError: the file cannot be read, is over 1 MiB or is not UTF-8; it is no YAML, holds a tag, a key twice,
            a key that is no text, several documents, too much nesting, or aliases that stand for too much.
    """
    text = _text(path)
    builder = _Builder(str(path))
    node = _compose(path, text)
    data = builder.build(node, ()) if node is not None else None
    return Tree(str(path), data, builder.places)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(str(path), f"cannot be read ({error.strerror})", "the path of a suite file") from error
    if len(raw) > _MAX_BYTES:
        raise UsageError(str(path), "is larger than 1 MiB", "a suite is a short file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        raise UsageError(_position(path, before), f"byte 0x{raw[error.start]:02x} is not UTF-8") from error


def _position(path: Path, before: str) -> str:
    return f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's core schema and bounds on nesting and size."""

    depth = nodes = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem=f"the tag {event.tag!r} is not allowed", problem_mark=event.start_mark)
        self.depth, self.nodes = self.depth + 1, self.nodes + 1
        if self.nodes > _MAX_NODES:
            raise yaml.MarkedYAMLError(problem=_TOO_MANY, problem_mark=event.start_mark)
        if self.depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="too much nesting is not allowed", problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {}  # in place of YAML 1.1's
for _tag, _pattern, _first in (
    (_NULL, r"(~|null|Null|NULL|)\Z", ["~", "n", "N", ""]),
    (_FLAG, r"(true|True|TRUE|false|False|FALSE)\Z", list("tTfF")),
    (_INT, r"[-+]?[0-9]{1,18}\Z", list("-+0123456789")),
    (_FLOAT, r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?\Z", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


def _compose(path: Path, text: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _Loader(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        found = f"the character U+{ord(text[error.position]):04X} is not allowed"
        raise UsageError(_position(path, text[: error.position]), found) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        found = ", ".join(part for part in (error.context, error.problem) if part)
        raise UsageError(where, found) from error
    except (ValueError, OverflowError) as error:  # chr() and int() inside PyYAML 6.0.3: "\UFFFFFFFF", %YAML 1.999…
        mark = loader.get_mark() if loader else None
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UsageError(where, f"is no YAML ({error})") from error
    return node


class _Builder:
    """Makes data of nodes and notes where each stands."""

    def __init__(self, name: str) -> None:
        self.name, self.nodes = name, 0
        self.places: dict[tuple[str | int, ...], tuple[int, int]] = {}

    def build(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        self.nodes += 1
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if self.nodes > _MAX_NODES:
            raise self._error(node, _TOO_MANY, "a suite is a short file")
        if len(path) > _MAX_DEPTH:
            raise self._error(node, "an alias that holds itself, or too much nesting", "a suite is flat")
        if isinstance(node, yaml.MappingNode):
            return dict(self._entry(key, value, path) for key, value in self._unique(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _entry(self, key: yaml.Node, value: yaml.Node, path: tuple[str | int, ...]) -> tuple[str, Any]:
        self.places[*path, key.value, KEY] = (key.start_mark.line + 1, key.start_mark.column + 1)
        return key.value, self.build(value, (*path, key.value))

    def _unique(self, node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
        seen: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT:
                raise self._error(key, "a key must be a word", "quote it if it is one")
            if key.value in seen:
                first = seen[key.value].start_mark.line + 1
                raise self._error(key, f"{key.value!r} is given twice", f"it stands already in line {first}")
            seen[key.value] = key
        return list(node.value)

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag == _TEXT:
            return node.value
        if node.tag == _NULL:
            return None
        if node.tag == _FLAG:
            return node.value.lower() == "true"
        return int(node.value) if node.tag == _INT else float(node.value)

    def _error(self, node: yaml.Node, found: str, right: str) -> UsageError:
        return UsageError(f"{self.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}", found, right)
