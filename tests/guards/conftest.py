"""Where the guards look: the repository's root and the files that git has or would take."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Every file that is committed or would be; in a source archive, which has no git, every file."""
    if not (root / ".git").exists():
        return [path for path in root.rglob("*") if path.is_file()]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [path for path in (root / name for name in listed.split("\0") if name) if path.is_file()]
