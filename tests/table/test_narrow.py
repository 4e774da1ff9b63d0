"""Which rows a person means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.errors import UsageError
from bench.table.narrow import where, with_words

IDS = [
    "linformer[bench] core/forward n=512 d=512 r=64 fp32 cpu",
    "linformer[lucid] core/forward n=512 d=512 r=64 fp32 cpu",
    "sdpa[torch] core/forward n=512 d=512 fp32 cpu",
    "sdpa[torch] core/train n=512 d=512 fp32 cpu threads=1",
    "sdpa[torch] core/train n=512 d=512 fp32 cpu",
]


@pytest.fixture
def table():
    numbers = {"rank": [64, 64, np.nan, np.nan, np.nan], "causal": pd.array([False] * 4 + [True], dtype="boolean")}
    return pd.DataFrame({"case_id": pd.array(IDS, dtype="string"), **numbers})


def test_words_in_any_order_mean_every_case_that_has_them(table):
    assert list(with_words(table, "forward linformer").index) == [0, 1]


def test_a_whole_id_is_meant_alone(table):
    assert list(with_words(table, IDS[4]).index) == [4]


def test_a_part_of_a_word_counts_only_where_no_id_has_the_word(table):
    assert list(with_words(table, "linf bench").index) == [0]


def test_a_value_is_never_a_part_of_another(table):
    with pytest.raises(UsageError, match=r"^'n=51': no case has 'n=51'; did you mean 'n=512'\?$"):
        with_words(table, "n=51")


def test_words_that_no_one_case_has_are_told(table):
    with pytest.raises(UsageError, match=r"^'linformer train': no case has all of these; fewer words$"):
        with_words(table, "linformer train")


@pytest.mark.parametrize(
    ("asked", "rows"),
    [(["rank=64"], [0, 1]), (["rank=none"], [2, 3, 4]), (["rank=none,64", "causal=true"], [4])],
)
def test_columns_narrow_as_a_person_writes_values(table, asked, rows):
    assert list(where(table, asked).index) == rows


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["rnk=64"], "--where rnk: unknown column 'rnk'; did you mean 'rank'?"),
        (["rank=63"], "--where rank=63: no row has rank '63'; valid: 64, none"),
        (["rank"], "--where: 'rank' is no COLUMN=V[,V]; --where seq_len=128,256"),
        (["rank=64", "causal=true"], "--where rank=64 --where causal=true: no row matches all of it; ask for less"),
    ],
)
def test_what_is_not_there_is_a_usage_error(table, asked, message):
    with pytest.raises(UsageError) as raised:
        where(table, asked)

    assert str(raised.value) == message
