"""Grouped and multi-query attention: what they refuse, and what fewer key heads save."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload

SHAPE = {"dtype": "float64", "batch_size": 2, "seq_len": 12, "num_heads": 4, "head_dim": 8, "hidden_size": 32}


def test_gqa_without_fewer_key_heads_is_refused() -> None:
    reason = operators.load("gqa").unsupported(Case(operator="gqa", **SHAPE))

    assert reason == "gqa has fewer key and value heads than 4; num_kv_heads: a divisor below that"


@pytest.mark.parametrize("heads", [None, 2])
def test_mqa_with_more_than_one_key_head_is_refused(heads: int | None) -> None:
    reason = operators.load("mqa").unsupported(Case(operator="mqa", num_kv_heads=heads, **SHAPE))

    assert reason == f"mqa has one key and value head, not {heads or 4}; num_kv_heads: 1"


@pytest.mark.parametrize(("name", "heads"), [("gqa", 2), ("mqa", 1)])
@pytest.mark.parametrize("causal", [False, True])
def test_it_is_attention_with_repeated_key_heads(name: str, heads: int, causal: bool) -> None:
    built = workload.build(Case(operator=name, num_kv_heads=heads, causal=causal, **SHAPE))
    q, k, v = (built.inputs[key] for key in "qkv")
    k, v = (t.repeat_interleave(4 // heads, dim=1) for t in (k, v))
    scores = q @ k.mT / 8**0.5
    if causal:
        scores = scores.masked_fill(torch.ones(12, 12, dtype=torch.bool).triu(1), float("-inf"))

    assert torch.allclose(built.call(), scores.softmax(dim=-1) @ v, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("name", "heads"), [("gqa", 2), ("mqa", 1)])
def test_parameters_of_the_layer_fall_with_the_key_heads(name: str, heads: int) -> None:
    """2·d·h·c + 2·d·g·c."""
    case = Case(operator=name, num_kv_heads=heads, scope="layer", **SHAPE)

    assert operators.load(name).cost(case).parameters == 2 * 32 * 32 + 2 * 32 * heads * 8


@pytest.mark.parametrize(("name", "heads"), [("gqa", 2), ("mqa", 1)])
def test_the_cache_falls_with_the_key_heads(name: str, heads: int) -> None:
    """2·g·c a token, in float64."""
    case = Case(operator=name, num_kv_heads=heads, phase="decode", **SHAPE)

    assert operators.load(name).cost(case).kv_cache_bytes == 2 * 12 * 2 * heads * 8 * 8
