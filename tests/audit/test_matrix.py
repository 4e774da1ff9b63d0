from __future__ import annotations

import torch

from bench.audit.matrix import magnitudes, matrix_of
from bench.audit.subject import Subject, given
from bench.measure import reference


def test_the_matrix_of_exact_attention_is_the_formula_s() -> None:
    """Of 33 tokens and a head of 8: five pieces, the last with seven columns of nothing."""
    case = Subject("full_naive").case("core", seq_len=33)
    tensors = given(case, magnitude=2.0)

    expected = reference.attention_matrix(tensors["q"], tensors["k"])

    torch.testing.assert_close(matrix_of(case, 2.0), expected, rtol=0, atol=1e-14)


def test_what_inverts_a_matrix_is_asked_for_no_singular_one() -> None:
    assert magnitudes(Subject("full_naive").case("core")) == (1.0, 8.0)
    assert magnitudes(Subject("nystrom_pinv").case("core")) == (1.0,)
