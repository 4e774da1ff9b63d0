"""Who may import whom, as `.importlinter` says, and that a plan can read every operator without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOAD_OPERATORS = """
import sys
from bench import operators
for name in operators.names():
    operators.load(name)
    if "torch" in sys.modules:
        sys.exit(f"{operators.catalogue.place(name)}: imports torch; move the import into build")
"""


def test_imports_go_one_way(root: Path) -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-logo", "--no-cache"], cwd=root, capture_output=True, text=True, check=False)

    if done.returncode != 0:
        pytest.fail(f".importlinter: a contract is broken; import the other way\n{done.stdout}", pytrace=False)


def test_no_operator_imports_torch_before_it_is_built(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD_OPERATORS], cwd=root, capture_output=True, text=True, check=False
    )

    if done.returncode != 0:
        pytest.fail(done.stderr.strip(), pytrace=False)
