from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.audit import build_audit, matrix, violations


def row(
    operator: str, provider: str, name: str, holds: bool | None, seen: bool | None, **changes: Any
) -> dict[str, Any]:
    command = f"bench audit --operator {operator} --provider {provider} --property {name}"
    words = {"operator": operator, "provider": provider, "property": name, "command": command, "evidence": None}
    return {
        **words,
        "claimed": None if holds is None else "it",
        "observed": "…",
        "holds": holds,
        "seen": seen,
        **changes,
    }


ROWS = [
    row("lora", "bench", "merge", True, True),
    row("lora", "<b>them</b>", "merge", False, False, observed="changes by | 0.1", evidence="n=3, seed 0"),
    row("lora", "<b>them</b>", "scale", None, False),
    row("lora", "absent", "merge", None, None, observed="absent is not installed; pip install it"),
]
AUDIT = {
    "audit": "audit-1",
    "stored_utc": "2026-01-01T00:00:00+00:00",
    "took_s": 1.5,
    "machine": {"name": "m", "cpu_model": "Example CPU"},
    "versions": {"torch": "2.13.0"},
    "commit": None,
    "properties": {"merge": "Merged equals unmerged.", "scale": "Scales."},
    "rows": ROWS,
    "seed": None,
}
SEED = {
    "exhibits": [{"number": "K2", "says": "dim=1", "right": "dim=-1", "shown": "rows are off by 0.86", "values": {}}],
    "worked_example": [
        {"variant": "right", "diagonal": 0.471083, "off_diagonal": 0.264458, "row_sum": 1.0}
        | {"entropy_nats": None, "singular_value_2": 0.206625}
    ],
}


def test_only_a_broken_claim_is_a_violation() -> None:
    assert violations(ROWS) == [ROWS[1]]


def test_marks_tell_a_claim_that_is_broken_from_what_is_not_claimed() -> None:
    found = matrix(ROWS)

    assert found.properties == ("merge", "scale")
    marks = {provider: [mark for mark, _ in cells] for _, provider, cells in found.lines}
    assert marks == {"bench": ["y", ""], "<b>them</b>": ["✗", "n"], "absent": ["–", ""]}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return build_audit({**AUDIT, "seed": SEED}, tmp_path / "report")


def test_the_page_escapes_what_strangers_are_called(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "<b>them</b>" not in text
    assert "&lt;b&gt;them&lt;/b&gt;" in text


def test_the_page_has_the_violation_and_what_reproduces_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "changes by | 0.1" in text
    assert "n=3, seed 0" in text
    assert "--property merge</code>" in text


def test_the_page_has_the_article_s_errors_where_they_were_computed(page: Path, tmp_path: Path) -> None:
    without = build_audit(AUDIT, tmp_path / "without").read_text(encoding="utf-8")

    assert "rows are off by 0.86" in page.read_text(encoding="utf-8")
    assert "0.471083" in page.read_text(encoding="utf-8")
    assert "The article’s errors" not in without


def test_the_page_reaches_nowhere(page: Path) -> None:
    assert "http" not in page.read_text(encoding="utf-8").replace("http-equiv", "")


FIRST = ["operator", "provider", "property", "claimed", "observed", "holds", "evidence"]


def test_the_table_is_beside_the_page(page: Path) -> None:
    table = pd.read_csv(page.with_name("audit.csv"))

    assert list(table.columns) == [*FIRST, "command"]
    assert len(table) == len(ROWS)


def test_the_summary_is_a_table_that_no_cell_breaks(page: Path) -> None:
    lines = page.with_name("summary.md").read_text(encoding="utf-8").splitlines()
    (broken,) = [line for line in lines if "0.1" in line]

    assert broken.replace("\\|", "").count("|") == 7
    assert "| K2 | dim=1 | dim=-1 | rows are off by 0.86 |" in lines


def test_an_absent_package_is_told_once(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count('<p class="quiet">absent is not installed; pip install it</p>') == 1
