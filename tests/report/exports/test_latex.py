from __future__ import annotations

import importlib.util
import shutil
import subprocess

import pytest

from bench.report.exports.latex import escape, render

needs_pylatexenc = pytest.mark.skipif(
    importlib.util.find_spec("pylatexenc") is None, reason="pylatexenc is not installed"
)
needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")


@pytest.fixture(scope="module")
def text(small) -> str:
    return render(small.table, small.rounds, small.info)


def test_every_case_is_a_row_of_as_many_cells_as_the_heading(text, small):
    body = text[text.index(r"\endhead") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r" \\")]

    assert len(rows) == len(small.table)
    assert all(row.replace(r"\&", "").count("&") == 4 for row in rows)


@needs_pylatexenc
@pytest.mark.parametrize("text", ["\\ ~ [x] * & % $ # _ {y}", "linformer[bench] r=4", "4 ms [3 ms, 5 ms]"])
def test_another_program_reads_escaped_text_as_it_was(text):
    from pylatexenc.latex2text import LatexNodes2Text

    assert LatexNodes2Text().latex_to_text(escape(text)) == text


@needs_pylatexenc
def test_the_braces_and_environments_of_the_whole_are_matched(text):
    from pylatexenc.latexwalker import LatexWalker

    nodes, _, length = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()

    assert length == len(text)
    assert "longtable" in {getattr(node, "environmentname", "") for node in nodes}


@needs_latex
@pytest.mark.slow
def test_latex_typesets_it(text, tmp_path):
    page = rf"\documentclass{{article}}\usepackage{{booktabs,longtable}}\begin{{document}}{text}\end{{document}}"
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    done = subprocess.run(["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode == 0, done.stdout.decode(errors="replace")
