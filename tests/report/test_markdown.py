from __future__ import annotations

import pytest

from bench.analysis.claims import claims
from bench.analysis.crossover import crossovers
from bench.analysis.verdict import findings
from bench.report.markdown import escape, summary


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a|b", "a\\|b"),
        ("`x`", "\\`x\\`"),
        ("<b>", "&lt;b>"),
        ("two\nlines", "two lines"),
        ("full_naive", "full\\_naive"),
        ("a\\|b", "a\\\\\\|b"),
    ],
)
def test_nothing_in_a_cell_is_markup(text, safe):
    assert escape(text) == safe


def test_every_case_has_a_row_of_as_many_cells_as_the_heading(table, rounds):
    crossed = crossovers(table, rounds)
    text = summary("nlp", table, findings(table, rounds, crossed), crossed, claims(table, rounds))
    rows = [line for line in text.partition("## Cases")[2].splitlines() if line.startswith("|")]

    assert len(rows) == len(table) + 2
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}


def test_the_verdict_stands_first_where_nothing_speaks_of_a_claim(table, rounds):
    crossed = crossovers(table, rounds)
    text = summary("nlp", table, findings(table, rounds, crossed), crossed, claims(table.iloc[:0], rounds))
    lines = text.splitlines()

    assert lines[2] == "## Verdict"
    assert "is fastest" in lines[4]


def test_a_failed_case_is_told_without_numbers(table, rounds):
    text = summary("nlp", table, [], crossovers(table, rounds).iloc[:0], claims(table.iloc[:0], rounds))
    row = next(line for line in text.splitlines() if "| oom |" in line)

    assert row.endswith("| oom | - | - | - | A 1e-16 |")


def test_lines_that_were_never_timed_are_counted_and_not_listed(table, rounds):
    crossed = crossovers(table, rounds)
    listed = int((crossed["answer"] != "untimed").sum())
    crossed.loc[crossed.index[-1], "answer"] = "untimed"
    text = summary("nlp", table, [], crossed, claims(table.iloc[:0], rounds))
    part = text.partition("## From which length on")[2].partition("## Cases")[0]

    assert sum(line.startswith("|") for line in part.splitlines()) == listed - 1 + 2
    assert part.rstrip().endswith(
        f"Not listed: {len(crossed) - listed + 1} line{'s' * (len(crossed) > listed)} "
        "without a latency at any length."
    )


@pytest.mark.slow
def test_the_claims_stand_before_the_verdict_with_what_is_behind_them(table, rounds):
    found = claims(table, rounds)
    text = summary("nlp", table, [], crossovers(table, rounds).iloc[:0], found)
    part, _, _ = text.partition("## Verdict")
    rows = [line for line in part.splitlines() if line.startswith("|")]

    assert text.splitlines()[2] == "## Claims of the article"
    assert [row.count("|") for row in rows] == [6] * (2 + found["claim"].nunique())
    assert part.count("\n- **") == (found["conditions"] != "").sum()
