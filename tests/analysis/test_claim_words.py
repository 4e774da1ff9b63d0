from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.analysis.claim_words import number_words, piece_words, place_words


def rows(**changes) -> pd.DataFrame:
    first = {"subject": "low_rank", "measure": "inference", "operator": "linformer", "series": "Linformer r=8"}
    first |= {"scope": "core", "phase": "forward", "shortest": 64.0, "seq_len": 64.0, "rank": 8.0, "dtype": "float32"}
    first |= {"device": "cpu", "model": None, "task": None, "number": 0.5, "side": "for", "why_not": "", "unit": "u"}
    second = {**first, "operator": "nystrom", "series": "Nyström r=16", "seq_len": 512.0, "rank": 16.0, "number": 0.9}
    return pd.DataFrame([first, {**second, **changes}])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ((0.5, 0.4, 0.6), "0.5 [0.4, 0.6]"),
        ((0.5, 0.5, 0.5), "0.5"),
        ((0.5, math.nan, math.nan), "0.5"),
        ((2.0, 1.0, math.inf), "2 [1, inf]"),
    ],
)
def test_an_exact_number_has_no_interval(number, words):
    assert number_words(*number) == words


def test_a_piece_names_its_extremes_with_their_conditions():
    words = piece_words(rows(side="against"), "depends", (0.7, 0.6, 0.8), "u")

    assert words == (
        "low-rank attention, inference: depends, 0.7 [0.6, 0.8] u over 2 operators, "
        "from 0.5 (Linformer r=8, n=64, core/forward) to 0.9 (Nyström r=16, n=64–512, core/forward), for 1, against 1"
    )


def test_what_does_not_count_is_told_with_its_reason():
    words = piece_words(rows(side="not counted", why_not="no better than averaging"), "held", (0.5, 0.4, 0.6), "u")

    assert words.endswith("0.5 [0.4, 0.6] u over 1 operator, for 1, not counted 1 (no better than averaging)")


def test_numbers_in_another_unit_are_no_extremes():
    words = piece_words(rows(unit="other"), "held", (0.5, 0.4, 0.6), "u")

    assert words == "low-rank attention, inference: held, 0.5 [0.4, 0.6] u over 1 operator, for 2"


def test_places_are_told_once_each():
    places = rows(task="films", model="minilm", phase="train")

    assert place_words(places) == "core/forward, core/train, n=64–512, r=8–16, fp32, cpu, minilm, films"


def test_a_place_without_a_rank_says_none():
    assert place_words(rows().assign(rank=np.nan)) == "core/forward, n=64–512, fp32, cpu"
