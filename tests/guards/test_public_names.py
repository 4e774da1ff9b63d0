"""`__all__` says what is public: every module that defines a name without underscore has one. ruff sorts it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest


def defined(tree: ast.Module) -> set[str]:
    """Gives the names that a module defines at its top: functions, classes and assigned names."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return names


def test_every_module_declares_its_public_names(root: Path) -> None:
    faults = []
    for path in sorted((root / "bench").rglob("*.py")):
        names = defined(ast.parse(path.read_text(encoding="utf-8")))
        public = sorted(name for name in names if not name.startswith("_"))
        if public and "__all__" not in names:
            faults.append(f"{path.relative_to(root)}: no __all__; add one, or prefix with _: {', '.join(public)}")

    if faults:
        pytest.fail("\n".join(faults), pytrace=False)
