"""What is particular to efficient attention: its matrix, and a causal form that is the other one on each prefix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench.measure import reference


def test_its_matrix_is_the_product_of_both_softmaxes(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, _ = qkv()

    matrix = reference.operator_matrix(attend("efficient"), q, k)

    assert torch.allclose(matrix, q.softmax(dim=-1) @ k.softmax(dim=-2).mT, rtol=0, atol=1e-14)


def test_causal_form_equals_the_other_on_each_prefix(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv(140)
    plain = attend("efficient")

    output = attend("efficient", causal=True)(q, k, v)

    for length in (1, 2, 127, 128, 129, 140):
        prefix = plain(*(x[..., :length, :] for x in (q, k, v)))
        assert torch.allclose(output[..., length - 1, :], prefix[..., -1, :], rtol=0, atol=1e-12)


def test_a_later_key_that_is_far_larger_changes_nothing_before(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """``e^{k}`` of the past would vanish beside e^200 in float32, were the largest of all keys the stabiliser."""
    q, k, v = (x.float() for x in qkv(140))
    larger = k.clone()
    larger[..., 100:, :] += 200
    causal = attend("efficient", causal=True)

    assert torch.equal(causal(q, k, v)[..., :100, :], causal(q, larger, v)[..., :100, :])


def test_a_causal_sample_that_begins_with_masked_keys_gives_zero_there(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv()
    mask = torch.arange(24)[None] >= 5

    output = attend("efficient", causal=True, mask="padding")(q, k, v, mask)

    alone = attend("efficient", causal=True)(q[..., 5:, :], k[..., 5:, :], v[..., 5:, :])
    assert torch.equal(output[..., :5, :], torch.zeros(1, 2, 5, 8, dtype=torch.float64))
    assert torch.allclose(output[..., 5:, :], alone, rtol=0, atol=1e-12)
