from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from bench.report.exports.markdown import render


@pytest.fixture(scope="module")
def text(small) -> str:
    return render(small.table, small.rounds, small.info)


def rows(text: str) -> list[list[str]]:
    """Gives the rows of a page's tables as another program reads them, headings among them."""
    found: list[list[str]] = []
    inside = False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "tr_open":
            found.append([])
        elif token.type in ("th_open", "td_open", "th_close", "td_close"):
            inside = token.nesting == 1
        elif token.type == "inline" and inside:
            found[-1].append("".join(child.content for child in token.children or ()))
    return found


def test_every_case_is_a_row_with_as_many_cells_as_the_heading(text, small):
    found = rows(text)

    assert {len(row) for row in found} == {5}
    assert len([row for row in found if row[0] != "case"]) == len(small.table)


def test_the_fastest_comes_first_and_a_failed_case_last_with_its_status(text):
    found = rows(text)
    last = found.index(["Linformer (mean) r=8", "oom", "", "", ""])
    names = [row[0] for row in found[last - 4 : last + 1]]

    assert names == ["case", "full (SDPA)", "full (naive)", "Linformer (mean) r=4", "Linformer (mean) r=8"]


def test_a_latency_stands_with_its_unit_and_interval(text):
    assert ["full (naive)", "2.06 ms [2 ms, 2.12 ms]", "2.02 [1.89, 2.02]", "16 KiB", "-"] in rows(text)


def test_a_hostile_reason_is_text(text):
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    words = [child for token in tokens for child in token.children or ()]

    assert {word.type for word in words} <= {"text", "text_special"}
    assert '=1+1,"|`<b>&\\x1b[31m ::error::$_%{}\\ ]]>\\u202e' in "".join(word.content for word in words)
