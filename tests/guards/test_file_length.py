"""A file over 300 lines has two purposes."""

from __future__ import annotations

from pathlib import Path

import pytest

LONGEST = 300


def test_no_python_file_is_longer_than_300_lines(root: Path, tracked: list[Path]) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in tracked if path.suffix == ".py"}

    too_long = [
        f"{path.relative_to(root)}: {n} lines; split it by purpose" for path, n in lengths.items() if n > LONGEST
    ]
    if too_long:
        pytest.fail("\n".join(too_long), pytrace=False)
