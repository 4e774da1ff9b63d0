from __future__ import annotations

import io
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from bench.report.figures._panels import paper
from bench.report.inline import cut
from bench.report.style import INK, PALETTE, rc


def pieces_of(figure: Figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    return cut(buffer.getvalue(), figure)


@pytest.fixture
def three():
    with matplotlib.rc_context(rc("test")):
        figure, axes = paper(["one", "two <script>", "three"], [])
        for ax in axes:
            ax.plot([1, 2], [3, 4], color=PALETTE["blue"][0], marker="o")
        yield pieces_of(figure)


def test_each_panel_is_a_piece_with_its_title(three):
    assert [piece.label for piece in three.pieces] == ["one", "two <script>", "three"]


def test_pieces_stand_side_by_side(three):
    starts = [float(piece.view.split()[0]) for piece in three.pieces]

    assert starts == pytest.approx([0.0, 280.8, 561.6], abs=0.01)  # 3.9 inches of 72 points


def test_colours_follow_the_page(three):
    body = three.pieces[0].markup

    assert "var(--c-blue)" in body
    assert "var(--ink)" in body
    assert PALETTE["blue"][0] not in body
    assert INK not in body


def test_text_is_escaped(three):
    assert "two &lt;script&gt;" in three.pieces[1].markup
    assert "<script" not in three.pieces[1].markup


def test_a_piece_names_nothing_outside_the_page(three):
    assert not any("http" in piece.markup for piece in three.pieces)


def test_a_piece_is_well_formed(three):
    for piece in three.pieces:
        ElementTree.fromstring(f"<svg>{piece.markup}</svg>")


def test_a_figure_without_panels_is_one_piece():
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([1, 2])

    assert [piece.view for piece in pieces_of(figure).pieces] == ["0 0 144.00 72.00"]
