from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.audit import build_audit, matrix, violations

Rows = list[dict[str, Any]]

AUDIT: dict[str, Any] = {
    "audit": "audit-1",
    "stored_utc": "2026-01-01T00:00:00+00:00",
    "asked": {"operator": [], "provider": [], "property": []},
    "took_s": 1.5,
    "machine": {"name": "m", "cpu_model": "Example CPU"},
    "versions": {"torch": "2.13.0"},
    "commit": None,
    "properties": {"merge": "Merged equals unmerged.", "scale": "Scales."},
    "seed": None,
}


def test_only_a_broken_claim_is_a_violation(audit_rows: Rows) -> None:
    assert violations(audit_rows) == [audit_rows[1]]


def test_marks_tell_a_claim_that_is_broken_from_what_is_not_claimed(audit_rows: Rows) -> None:
    found = matrix(audit_rows)

    assert found.properties == ("merge", "scale")
    marks = {provider: [mark for mark, _ in cells] for _, provider, cells in found.lines}
    assert marks == {"bench": ["y", ""], "<b>them</b>": ["✗", "n"], "absent": ["–", ""]}


@pytest.fixture
def page(audit_rows: Rows, audit_seed: dict[str, Any], tmp_path: Path) -> Path:
    return build_audit({**AUDIT, "rows": audit_rows, "seed": audit_seed}, tmp_path / "report")


def test_the_page_escapes_what_strangers_are_called(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "<b>them</b>" not in text
    assert "&lt;b&gt;them&lt;/b&gt;" in text


def test_the_page_has_the_violation_and_what_reproduces_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "changes by | 0.1" in text
    assert "n=3, seed 0" in text
    assert "--property merge</code>" in text


def test_the_page_has_the_article_s_errors_where_they_were_computed(
    page: Path, audit_rows: Rows, tmp_path: Path
) -> None:
    without = build_audit({**AUDIT, "rows": audit_rows}, tmp_path / "without").read_text(encoding="utf-8")

    assert "rows are off by 0.86" in page.read_text(encoding="utf-8")
    assert "0.471083" in page.read_text(encoding="utf-8")
    assert "The article’s errors" not in without


def test_the_letters_of_the_article_s_errors_are_explained(page: Path) -> None:
    assert "C is what it claims of LoRA, M its mathematics, K its code" in page.read_text(encoding="utf-8")


def test_the_page_reaches_nowhere(page: Path) -> None:
    assert "http" not in page.read_text(encoding="utf-8").replace("http-equiv", "")


FIRST = ["operator", "provider", "property", "claimed", "observed", "holds", "evidence", "device"]


def test_the_table_is_beside_the_page(page: Path, audit_rows: Rows) -> None:
    table = pd.read_csv(page.with_name("audit.csv"))

    assert list(table.columns) == [*FIRST, "command"]
    assert len(table) == len(audit_rows)


def test_on_a_gpu_the_page_names_it(page: Path, audit_rows: Rows, tmp_path: Path) -> None:
    machine = {**AUDIT["machine"], "gpus": [{"name": "Example GPU"}]}
    on_gpu = {**AUDIT, "asked": {"device": "cuda"}, "machine": machine, "rows": audit_rows}

    assert "Example CPU, Example GPU" in build_audit(on_gpu, tmp_path / "gpu").read_text(encoding="utf-8")
    assert "Example GPU" not in page.read_text(encoding="utf-8")


def test_the_summary_is_a_table_that_no_cell_breaks(page: Path) -> None:
    lines = page.with_name("summary.md").read_text(encoding="utf-8").splitlines()
    (broken,) = [line for line in lines if "0.1" in line]

    assert broken.replace("\\|", "").count("|") == 7
    assert "| K2 | dim=1 | dim=-1 | rows are off by 0.86 |" in lines


def test_an_absent_package_is_told_once(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count('<p class="quiet">absent is not installed; pip install it</p>') == 1
