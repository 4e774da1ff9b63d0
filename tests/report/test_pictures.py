from __future__ import annotations

import re

import pandas as pd
import pytest

from bench.report import figures
from bench.report.pictures import FOLDER, draw_all
from bench.report.style import look


@pytest.mark.slow
@pytest.mark.parametrize("name", figures.names())
def test_each_picture_is_written_as_png_svg_and_csv_unless_there_is_nothing_to_draw(report, table, rounds, name):
    written = {path.suffix for path in (report / FOLDER).glob(f"{name}.*")}
    empty = figures.load(name).data(table, rounds).empty

    assert written == (set() if empty else {".png", ".svg", ".csv"})


@pytest.mark.slow
@pytest.mark.parametrize("name", figures.names())
def test_the_csv_is_what_is_drawn(report, table, rounds, name):
    data = figures.load(name).data(table, rounds)
    if data.empty:
        assert not (report / FOLDER / f"{name}.csv").exists()
        return
    read = pd.read_csv(report / FOLDER / f"{name}.csv")

    assert read.columns.tolist() == data.columns.tolist()
    numbers = data.select_dtypes("number").astype(float).reset_index(drop=True)
    # pandas reads a decimal to within one unit of the last place
    pd.testing.assert_frame_equal(read[numbers.columns].astype(float), numbers, rtol=1e-15, atol=0)


@pytest.mark.slow
def test_one_operator_has_one_colour_in_every_legend(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    entries = re.findall(r'<path d="M-14 0H14" style="stroke: var\(--c-(\w+)\).*?</svg>([^<]+)</li>', text)
    labels = {label for _, label in entries}

    assert (look("linformer").slot, "Linformer") in entries
    assert len(set(entries)) == len(labels)


def test_an_empty_table_draws_nothing_and_says_why(table, rounds, tmp_path):
    pictures = draw_all(table.iloc[:0], rounds.iloc[:0], tmp_path)

    assert [picture.name for picture in pictures] == list(figures.names())
    assert all(picture.absent and picture.pieces is None for picture in pictures)
    assert list((tmp_path / FOLDER).iterdir()) == []
