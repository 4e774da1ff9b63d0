from __future__ import annotations

import pytest

from bench.errors import UsageError
from bench.suite.expand import expand


def shape_of(suite):
    (planned,) = expand(suite)
    return planned.case.num_heads, planned.case.head_dim, planned.case.hidden_size


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        ("num_heads: 12, head_dim: 32", (12, 32, 384)),
        ("num_heads: 12, hidden_size: 384", (12, 32, 384)),
        ("head_dim: 32, hidden_size: 384", (12, 32, 384)),
        ("num_heads: 12, head_dim: 32, hidden_size: 384", (12, 32, 384)),
        ("hidden_size: 384", (6, 64, 384)),
    ],
)
def test_any_two_of_heads_and_widths_give_the_third(sweep_of, words, shape):
    assert shape_of(sweep_of(f"{{operator: sdpa, seq_len: 16, {words}}}")) == shape


def test_two_of_the_sweep_win_over_a_third_of_fixed(suite_of):
    suite = suite_of(
        "suite: s\nfixed: {head_dim: 32}\nsweeps: {a: {operator: sdpa, seq_len: 8, num_heads: 2, hidden_size: 32}}"
    )

    assert shape_of(suite) == (2, 16, 32)


def test_one_of_the_sweep_goes_with_one_of_fixed(suite_of):
    suite = suite_of("suite: s\nfixed: {head_dim: 32}\nsweeps: {a: {operator: sdpa, seq_len: 8, num_heads: 2}}")

    assert shape_of(suite) == (2, 32, 64)


ALIKE = "operator: sdpa, num_heads: 2, head_dim: 8, seq_len: 8"


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (f"{ALIKE}, num_kv_heads: 2", "num_kv_heads"),
        ("operator: full, scope: projection, hidden_size: 8, seq_len: 8, out_features: 8", "out_features"),
        (
            "operator: lora, scope: projection, hidden_size: 8, seq_len: 8, rank: 2, adapter_dtype: float32",
            "adapter_dtype",
        ),
        (f"{ALIKE}, device: cuda, threads: 2", "threads"),
    ],
)
def test_what_follows_from_the_rest_is_left_out(sweep_of, words, word):
    (planned,) = expand(sweep_of(f"{{{words}}}"))

    assert getattr(planned.case, word) is None


TWO = "give any two of num_heads, head_dim and hidden_size"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("num_heads: 2, head_dim: 8", "s.yaml:3:8: sweep 'one' gives no seq_len; seq_len: 512"),
        ("seq_len: 8", f"s.yaml:3:8: sweep 'one' gives too little to know its hidden_size; {TWO}"),
        ("seq_len: 8, num_heads: 2", f"s.yaml:3:48: sweep 'one' gives too little to know its hidden_size; {TWO}"),
        ("seq_len: 8, hidden_size: 100", f"s.yaml:3:50: hidden_size 100 is no multiple of head_dim 64; {TWO}"),
        (
            "seq_len: 8, hidden_size: [64, 65]",
            f"s.yaml:3:50: hidden_size 65 is no multiple of head_dim 64; {TWO}",
        ),
        (
            "seq_len: 8, num_heads: 3, hidden_size: 64",
            f"s.yaml:3:64: hidden_size 64 is no multiple of num_heads 3; {TWO}",
        ),
        (
            "seq_len: 8, num_heads: 3, head_dim: 8, hidden_size: 64",
            f"s.yaml:3:77: num_heads 3 × head_dim 8 is 24, not hidden_size 64; {TWO}",
        ),
        (
            "seq_len: 8, num_heads: 3, head_dim: 8, num_kv_heads: 2",
            "s.yaml:3:78: num_heads 3 is no multiple of num_kv_heads 2; a divisor of num_heads",
        ),
    ],
)
def test_heads_and_widths_that_do_not_go_together_are_told(sweep_of, words, message):
    suite = sweep_of(f"{{operator: sdpa, {words}}}")

    with pytest.raises(UsageError) as told:
        expand(suite)

    assert str(told.value) == message


def test_a_projection_needs_its_width(sweep_of):
    with pytest.raises(UsageError) as told:
        expand(sweep_of("{operator: full, scope: projection, seq_len: 8}"))

    assert str(told.value) == (
        "s.yaml:3:8: sweep 'one' gives no hidden_size, the in-features of a projection; hidden_size: 768"
    )
