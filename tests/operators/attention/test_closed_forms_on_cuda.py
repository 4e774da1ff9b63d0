"""What torch keeps and computes on CUDA, as it was counted on an H100 (torch 2.11)."""

from __future__ import annotations

from typing import Any

import pytest

from bench import operators
from bench.case import Case
from bench.operators.attention.sdpa import is_fused

CASE = Case(operator="sdpa", provider="torch", seq_len=32, hidden_size=16, num_heads=2, head_dim=8, batch_size=2)


@pytest.mark.parametrize(
    ("words", "fused"),
    [
        ({"device": "cpu", "dtype": "float64"}, True),
        ({"dtype": "float32"}, True),
        ({"dtype": "float64"}, False),
        ({"dtype": "float32", "num_kv_heads": 1}, False),
        ({"dtype": "bfloat16", "num_kv_heads": 1}, True),
        ({"dtype": "bfloat16", "num_kv_heads": 1, "head_dim": 544}, False),
        ({"dtype": "bfloat16", "head_dim": 544}, True),
    ],
)
def test_which_cases_have_a_fused_kernel(words: dict[str, Any], fused: bool) -> None:
    assert is_fused(CASE.replace(**{"device": "cuda", **words})) is fused


@pytest.mark.parametrize(
    ("operator", "words", "kept"),
    [
        ("sdpa", {}, 16_912),
        ("gqa", {"num_kv_heads": 1}, 28_672),
        ("flex", {}, 17_440),
        ("full", {"scope": "layer"}, 25_104),
        ("lora", {"scope": "layer", "rank": 4}, 28_176),
        ("lowrank_kv", {"scope": "layer", "rank": 4}, 26_128),
        ("lowrank_qk", {"scope": "layer", "rank": 4}, 24_080),
        ("mla", {"scope": "layer", "rank": 4}, 41_760),
        ("mla_absorbed", {"scope": "layer", "rank": 4}, 31_520),
    ],
)
def test_bytes_kept_are_those_that_were_counted(operator: str, words: dict[str, Any], kept: int) -> None:
    case = CASE.replace(operator=operator, provider="bench", phase="train", device="cuda", **words)

    assert operators.load(operator).cost(case).saved_bytes == kept


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_an_absorbed_step_is_counted_whole(dtype: str) -> None:
    """It is computed by the formula, of which torch's counter sees everything."""
    words: dict[str, Any] = {"scope": "layer", "phase": "decode", "device": "cuda", "rank": 4, "dtype": dtype}
    cost = operators.load("mla_absorbed").cost(CASE.replace(operator="mla_absorbed", provider="bench", **words))

    assert cost.counter_gap("decode") == 0


@pytest.mark.parametrize(
    ("operator", "words", "counted"),
    [
        ("sdpa", {}, 393_216),
        ("full", {"scope": "layer"}, 786_432),
        ("mla", {"scope": "layer", "rank": 4}, 933_888),
        ("mla_absorbed", {"scope": "layer", "rank": 4}, 737_280),
    ],
)
def test_flops_in_float64_are_those_of_the_formula(operator: str, words: dict[str, Any], counted: int) -> None:
    case = CASE.replace(operator=operator, provider="bench", phase="train", device="cuda", dtype="float64", **words)
    cost = operators.load(operator).cost(case)

    assert cost.flops("train") - cost.counter_gap("train") == counted
