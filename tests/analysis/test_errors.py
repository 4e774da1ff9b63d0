"""Which error a row has, against what, and how it is told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.errors import against_exact, error_of, error_texts

ROWS = pd.DataFrame(
    {
        "attention_rel_error": [0.3, np.nan, np.nan, 0.05],
        "output_rel_error": [0.2, 0.1, np.nan, 0.04],
        "error_reference": [None, None, None, "kernel_gaussian"],
    }
)


def test_an_error_of_the_matrix_comes_before_one_of_the_output():
    assert error_texts(ROWS) == ["A 0.3", "o 0.1", "-", "A 0.05 to kernel_gaussian"]


def test_an_error_against_another_operator_is_in_no_ranking():
    assert against_exact(ROWS).tolist() == [True, True, True, False]
    assert error_of(ROWS)[0].dropna().tolist() == [0.3]


def test_the_output_stands_in_where_no_matrix_has_an_error():
    error, of = error_of(ROWS.iloc[1:])

    assert (of, error.dropna().tolist()) == ("the output", [0.1])


def test_a_table_of_an_earlier_bench_has_errors_against_exact_attention():
    assert against_exact(ROWS.drop(columns="error_reference")).all()
