from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from bench.report.audit_terminal import print_audit

Rows = list[dict[str, Any]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Gives a function: rows, and what else is known of the audit -> the lines on a terminal of 80 columns."""

    def lines(rows: Rows, **more: Any) -> list[str]:
        print_audit(rows, Console(width=80), **more)
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_s_matrix_fits_it(width: int, audit_row: Any, capsys: pytest.CaptureFixture[str]) -> None:
    many = [audit_row("an_operator", "a_provider_with_a_name", f"property_{i}", True, True) for i in range(24)]
    print_audit(many, Console(width=width))

    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("an_op")).endswith(" " + "y" * 24)
    assert max(len(line) for line in lines if line.startswith("an_op")) <= width


def test_a_terminal_shows_violations_first(audit_rows: Rows, printed: Any) -> None:
    lines = printed(audit_rows)

    assert lines[0] == "✗ lora[<b>them</b>] merge"
    assert lines[4] == f"    again     {audit_rows[1]['command']}"
    assert lines[-1] == "1 of 2 claims hold; 1 do not; 0 could not be judged here."


def test_what_is_not_so_and_what_was_not_judged_have_their_reason_below_the_matrix(
    audit_row: Any, printed: Any
) -> None:
    lines = printed(
        [
            audit_row("lora", "peft", "flops", None, False, observed="69,632 counted"),
            audit_row("lora", "peft", "merge", True, True),
            *(audit_row(name, "bench", "precision", None, None, observed="no claim here") for name in "abcd"),
            audit_row("a", "bench", "decode", None, None, observed="no claim here"),
        ]
    )

    assert lines[-3:-1] == [
        "– precision, decode of a[bench], b[bench], c[bench] and 1 more: no claim here",
        "n flops of lora[peft]: 69,632 counted",
    ]


def test_of_many_reasons_those_of_most_cells_are_printed(audit_row: Any, printed: Any) -> None:
    lines = printed(
        [
            *(audit_row("lora", "peft", f"p{i}", None, False, observed=f"alone {i}") for i in range(40)),
            *(audit_row("lora", "peft", f"q{i}", None, False, observed="shared") for i in range(2)),
        ]
    )

    reasons = [line for line in lines if line.startswith("n ")]
    assert (len(reasons), reasons[0]) == (30, "n q0, q1 of lora[peft]: shared")
    assert lines[-2] == "… 11 more of these are in the report"


def test_a_package_that_is_not_there_is_told_once_and_is_no_reason(audit_row: Any, printed: Any) -> None:
    absent = "absent is not installed; pip install it"
    lines = printed([audit_row("lora", "absent", f"p{i}", None, None, observed=absent) for i in range(3)])

    assert [line for line in lines if absent in line] == [absent]


def test_the_page_s_section_on_the_article_is_told_where_there_is_one(
    audit_rows: Rows, audit_seed: dict[str, Any], printed: Any
) -> None:
    lines = printed(audit_rows, seed=audit_seed)

    assert lines[-1] == "The report has a section on the article behind the seed: 1 error, each with what shows it."
