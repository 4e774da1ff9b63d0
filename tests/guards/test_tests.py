"""Every public module is tested: in its mirrored file, or as a member that a contract test finds, or end to end."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ELSEWHERE = ("contract", "golden", "faults", "end_to_end")


def imported(path: Path) -> set[str]:
    """Gives every dotted name that a file imports: `from a import b` gives `a` and `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_catalogue(folder: Path) -> bool:
    """Whether a folder's files are members: it or its parent makes a `Catalogue`."""
    inits = (folder / "__init__.py", folder.parent / "__init__.py")
    return any(path.is_file() and "Catalogue(" in path.read_text(encoding="utf-8") for path in inits)


def test_every_public_module_has_a_test(root: Path) -> None:
    shared = [path for folder in ELSEWHERE for path in (root / "tests" / folder).rglob("test_*.py")]
    reached = set().union(*map(imported, shared))
    untested = []
    for path in sorted((root / "bench").rglob("*.py")):
        module = path.relative_to(root).with_suffix("")
        if path.name == "__init__.py" or (path.name.startswith("_") and path.name != "__main__.py"):
            continue
        mirrored = root / "tests" / Path(*module.parts[1:-1]) / f"test_{module.name.strip('_')}.py"
        names = {".".join(module.parts)}
        if is_catalogue(path.parent):
            names |= {".".join(module.parts[:-1]), ".".join(module.parts[:-2])} - {"bench"}
        if not mirrored.is_file() and not names & reached:
            untested.append(f"{module}.py: no test; write {mirrored.relative_to(root)}")

    if untested:
        pytest.fail("\n".join(untested), pytrace=False)
