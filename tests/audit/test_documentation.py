"""docs/audit.md: it has every property, and each of its scripts prints what it says."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import audit

TEXT = (Path(__file__).parents[2] / "docs/audit.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(
    r"^### (.+?)\n.*?```python\n(.+?)```\n\nprints\n\n```text\n(.+?)```", TEXT, re.DOTALL | re.MULTILINE
)


def test_every_property_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXT, re.MULTILINE))

    assert rows == {name: audit.load(name).about.replace("|", "&#124;") for name in audit.names()}


def test_every_script_was_found() -> None:
    assert len(SCRIPTS) == TEXT.count("```python")


@pytest.mark.slow
@pytest.mark.parametrize(("title", "code", "printed"), SCRIPTS, ids=[title for title, _, _ in SCRIPTS])
def test_a_script_is_short_and_prints_what_it_says(title: str, code: str, printed: str) -> None:
    package, version = title.partition(":")[0].split(" ")
    try:
        found = importlib.metadata.version(package).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        found = "none"
    if found != version:
        pytest.skip(f"observed of {package} {version}; installed is {found}")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == printed
    assert len(code.splitlines()) <= 5
