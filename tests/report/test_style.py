from __future__ import annotations

import itertools
import subprocess
import sys

import matplotlib
import pytest

from bench.report.style import LOOKS, PALETTE, css_variables, look, marker_path, rc


def test_the_same_operator_looks_the_same_in_another_process():
    code = "from bench.report.style import look; print(look('a_strangers_attention'))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == str(look("a_strangers_attention"))


def test_no_two_chosen_operators_look_alike():
    alike = [pair for pair in itertools.combinations(LOOKS, 2) if LOOKS[pair[0]] == LOOKS[pair[1]]]

    assert alike == []


def test_a_variant_has_its_parents_colour_and_another_marker():
    assert look("nystrom_pinv").slot == look("nystrom").slot
    assert look("nystrom_pinv").marker != look("nystrom").marker


def test_a_chosen_name_is_not_taken_for_a_variant():
    assert look("lora_merged") == LOOKS["lora_merged"]


@pytest.mark.parametrize("dark", [False, True])
def test_every_colour_of_the_palette_is_in_the_page_s_variables(dark):
    assert css_variables(dark).count("--c-") == len(PALETTE)


def contrast(color: str, paper: str) -> float:
    """Gives WCAG 2.1's contrast ratio."""

    def luminance(text: str) -> float:
        parts = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(color), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("slot", sorted(PALETTE))
def test_a_line_stands_out_from_the_paper_in_both_schemes(slot):
    on_white, on_black = PALETTE[slot]

    # WCAG 2.1, criterion 1.4.11, asks 3 of graphics; the two lightest are also told by their marker
    assert contrast(on_white, "#fffffe") >= 2.5
    assert contrast(on_black, "#14171b") >= 3


def test_a_marker_s_outline_is_drawn_as_matplotlib_draws_it():
    assert marker_path("s") == "M-0.5,0.5L0.5,0.5L0.5,-0.5L-0.5,-0.5Z"


def test_the_settings_are_ones_that_matplotlib_knows():
    with matplotlib.rc_context(rc("x")):
        assert matplotlib.rcParams["svg.hashsalt"] == "x"


def test_labels_are_never_read_as_formulas():
    assert rc("x")["text.parse_math"] is False
