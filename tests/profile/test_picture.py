from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench.measure import workload
from bench.profile.memory import record
from bench.profile.picture import PICTURES, draw


@pytest.fixture
def drawn(naive, tmp_path):
    draw(record(workload.build(naive)), "a < b & $c_d$", tmp_path)
    return tmp_path


def test_the_svg_says_the_peak_and_what_holds_it(drawn):
    text = [element.text or "" for element in ElementTree.parse(drawn / "memory.svg").iter() if element.text]

    assert "all, at most 64 KiB" in text  # 2 matrices × 4 bytes × 2 heads × 64²
    assert any(line.startswith("32 KiB  aten::_softmax  full_naive.py:") for line in text)


def test_a_title_stands_as_it_is(drawn):
    text = [element.text for element in ElementTree.parse(drawn / "memory.svg").iter()]

    assert "a < b & $c_d$" in text


def test_both_forms_are_written_and_nothing_else(drawn):
    assert {path.name for path in drawn.iterdir()} == set(PICTURES)
    assert (drawn / "memory.png").read_bytes().startswith(b"\x89PNG")


def test_a_call_without_any_allocation_is_drawn_too(tmp_path):
    draw({"peak_bytes": 0, "timeline": [], "allocations": []}, "nothing", tmp_path)

    assert (tmp_path / "memory.svg").stat().st_size > 0
