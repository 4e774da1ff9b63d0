"""Catalogues: folders in which one file is one member and the file's name is the member's name.

Listing imports nothing; only the member that is used is imported. Other packages add members by an entry point,
or by a module that the command line names (`--plugin`). The same name twice is an error that shows both places.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import re
import sys
from types import ModuleType
from typing import Any

from bench.errors import UsageError, nearest

__all__ = ["Catalogue"]

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class Catalogue:
    """The members of one or more packages and of an entry-point group.

    Args:
        kind: what a member is called in messages: ``operator``.
        packages: dotted names of the folders that hold the members.
        attribute: the name that a member's module gives the member; without it the module is the member.
        entry_points: the group under which other packages register members.
        member: what a member is an instance of.
    """

    def __init__(
        self, kind: str, *packages: str, attribute: str = "", entry_points: str = "", member: type = object
    ) -> None:
        self.kind, self.packages, self.member = kind, packages, member
        self.attribute, self.entry_points = attribute, entry_points
        self._added: dict[str, tuple[str, Any]] = {}
        self._places: dict[str, str] | None = None
        self._loaded: dict[str, Any] = {}

    def names(self) -> tuple[str, ...]:
        """Gives the members' names, sorted, importing none.

        Raises:
            UsageError: a name stands in two places, or is not ``[a-z][a-z0-9_]*``.
        """
        return tuple(sorted(self._find()))

    def place(self, name: str) -> str:
        """Gives where a member is defined: a module, or the package that registers it."""
        self._check(name)
        return self._find()[name].partition(" ")[0]

    def load(self, name: str) -> Any:
        """Gives the member of that name, importing it.

        Raises:
            UsageError: no such name, or the member cannot be imported (with its own reason).
        """
        self._check(name)
        if name not in self._loaded:
            self._loaded[name] = self._added[name][1] if name in self._added else self._import(name)
        return self._loaded[name]

    def add_module(self, module_name: str) -> None:
        """Adds the members of a module named on the command line: its ``MEMBERS`` (name -> member).

        Raises:
            UsageError: no such module, it offers nothing, one of its names is taken, or what it offers is no member.
        """
        where = f"--plugin {module_name}"
        if os.getcwd() not in sys.path:  # as `python -m bench` has it
            sys.path.append(os.getcwd())
        try:
            module = importlib.import_module(module_name)
        except Exception as error:  # a stranger's module: its fault becomes the user's message
            raise UsageError(where, f"cannot be imported ({type(error).__name__}: {error})") from error
        members = getattr(module, "MEMBERS", None)
        if not isinstance(members, dict) or not members:
            raise UsageError(where, "defines no MEMBERS", f"MEMBERS = {{'name': {self.kind}}}")
        for name, member in members.items():
            if self._added.get(name, ("", None))[1] is not member:
                self._check_member(where, name, member)
                self._register(self._find(), name, f"{module_name} (--plugin)")
                self._added[name] = (module_name, member)

    def _check(self, name: str) -> None:
        if name not in self._find():
            raise UsageError(self.kind, f"unknown {self.kind} {name!r}", nearest(name, self.names()))

    def _find(self) -> dict[str, str]:
        if self._places is None:
            places: dict[str, str] = {}
            for package in self.packages:
                spec = importlib.util.find_spec(package)
                locations = (spec.submodule_search_locations if spec else None) or []
                for module in pkgutil.iter_modules(locations):
                    if not module.name.startswith("_"):
                        self._register(places, module.name, f"{package}.{module.name}")
            if self.entry_points:
                for point in importlib.metadata.entry_points(group=self.entry_points):
                    package = point.dist.name if point.dist else "an unknown package"
                    self._register(places, point.name, f"{point.value} (package {package})")
            self._places = places
        return self._places

    def _register(self, places: dict[str, str], name: str, place: str) -> None:
        if not _NAME.match(name):
            raise UsageError(place, f"{name!r} is no name for a {self.kind}", "lower-case letters, digits, _")
        if name in places:
            raise UsageError(self.kind, f"{name!r} is defined twice: {places[name]} and {place}", "rename one")
        places[name] = place

    def _import(self, name: str) -> Any:
        target = self._find()[name].partition(" ")[0]
        module_name, _, attribute = target.partition(":")
        try:
            module: ModuleType = importlib.import_module(module_name)
            wanted = attribute or self.attribute
            found = getattr(module, wanted) if wanted else module
        except Exception as error:  # a stranger's member: its fault becomes the member's reason
            fault = f"{self.kind} {name!r} cannot be imported ({type(error).__name__}: {error})"
            remedy = "pip install what it lacks" if isinstance(error, ImportError) else "mend or remove it"
            raise UsageError(target, fault, remedy) from error
        self._check_member(target, name, found)
        return found

    def _check_member(self, place: str, name: str, found: Any) -> None:
        if not isinstance(found, self.member):
            what = f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"
            raise UsageError(place, f"{name!r} is {what}", f"an instance of a subclass of {self.member.__name__}")
