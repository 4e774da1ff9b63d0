"""What is particular to Performer: its features, its stabilisers, its causal form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench.measure import reference


def test_blocks_of_features_are_orthogonal(attend: Callable[..., Any]) -> None:
    features = attend("performer", 20).features

    for block in (features[:8], features[8:16], features[16:]):
        unit = torch.nn.functional.normalize(block, dim=-1)
        assert torch.allclose(unit @ unit.T, torch.eye(len(block), dtype=torch.float64), rtol=0, atol=1e-13)


def test_lengths_of_features_are_those_of_normal_vectors(attend: Callable[..., Any]) -> None:
    """The mean of |w|² of N(0, I_8) is 8 and its variance 16: 4096 rows have a standard error of 4/64."""
    squares = attend("performer", 4096).features.square().sum(dim=-1)

    assert abs(float(squares.mean()) - 8) < 5 * 4 / 64


def test_error_falls_towards_exact_attention_with_more_features(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """The variance falls as 1/m: 16 times the features, a quarter of the error, within a factor of 2 for one draw."""
    q, k, v = qkv(scale=0.5)
    exact = reference.attention(q, k, v)

    few, many = (reference.relative_error(attend("performer", m)(q, k, v), exact) for m in (512, 8192))

    assert many < 0.05
    assert few / 8 < many < few / 2


def test_exponents_far_out_of_range_neither_overflow_nor_vanish(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """|k'|²/2 is about 30² · 8 / (2 · √8) = 1270: every unscaled feature would underflow, also in float64."""
    q, k, v = qkv()

    output = attend("performer", 16)(q, 30 * k, v)

    assert torch.isfinite(output).all()
    assert (output != 0).all()


def test_causal_form_equals_the_other_on_each_prefix(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv(140)
    causal, plain = attend("performer", 16, causal=True), attend("performer", 16)

    output = causal(q, k, v)

    for length in (1, 127, 128, 129, 140):
        prefix = plain(*(x[..., :length, :] for x in (q, k, v)))
        assert torch.allclose(output[..., length - 1, :], prefix[..., -1, :], rtol=0, atol=1e-11)


def test_a_later_key_with_far_larger_features_changes_nothing_before(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """Keys of the past are long, so that their features are tiny; one of zeros follows, whose features are 1.

    Were the largest of all keys the stabiliser, the past would vanish.
    """
    q, k, v = (x.float() for x in qkv(140))
    long = 10 * k
    short = long.clone()
    short[..., 100:, :] = 0
    causal = attend("performer", 16, causal=True)

    assert torch.equal(causal(q, long, v)[..., :100, :], causal(q, short, v)[..., :100, :])


def test_masked_keys_do_not_set_the_scale(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = (x.float() for x in qkv())
    mask = torch.arange(24)[None] < 18
    padded = 10 * k
    padded[..., 18:, :] = 0  # their features would be e^100 times the others'

    output = attend("performer", 16, mask="padding")(q, padded, v, mask)

    alone = attend("performer", 16)(q, padded[..., :18, :], v[..., :18, :])
    assert torch.allclose(output, alone, rtol=1e-4, atol=1e-5)
