"""`make` says what a machine lacks before it installs anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def told(*words: str) -> str:
    """Gives the first line that `make data` says on its way to failing."""
    done = subprocess.run(["make", "data", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    return done.stderr.splitlines()[0]


@pytest.mark.parametrize("python", ["", "false"], ids=["none", "too old"])
def test_a_wrong_python_is_told_with_the_remedy(tmp_path: Path, python: str) -> None:
    assert told(f"VENV={tmp_path}/venv", f"PYTHON={python}") == (
        "make: no Python of version 3.11 or later was found; install one, or: make PYTHON=/path/to/python3.12"
    )


def test_a_full_disk_is_told_with_the_remedy(tmp_path: Path) -> None:
    assert told(f"VENV={tmp_path}/venv", f"DISK_KB={10**15}") == (
        f"make: less than {10**15} kB are free here; free some, or: make VENV=/another/disk/venv"
    )
