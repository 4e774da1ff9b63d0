"""How long a user waits for what measures nothing, from the start of Python to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("words", [("--help",), ("plan", "suites/nlp.yaml")], ids=["help", "plan"])
def test_the_program(words: tuple[str, ...], root: Path, tmp_path: Path, benchmark: Any) -> None:
    # no earlier run is there, by which `plan` would tell the time
    command = [sys.executable, "-m", "bench", *words, *(("--results", str(tmp_path)) if words[0] == "plan" else ())]

    def start() -> int:
        return subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=True).returncode

    assert benchmark.pedantic(start, rounds=3, warmup_rounds=1) == 0
