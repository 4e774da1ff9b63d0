"""What is particular to online softmax in blocks: its own backward pass, and memory that is linear in n."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import memory, saved
from bench.operators.attention.chunked import CHUNK


def gradients(attend: Callable[..., Any], n: int, kv_heads: int, mask: torch.Tensor | None) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    heads = (4, kv_heads, kv_heads)
    leaves = [torch.randn(2, h, n, 8, generator=generator, dtype=torch.float64).requires_grad_() for h in heads]
    upstream = torch.randn(2, 4, n, 8, generator=generator, dtype=torch.float64)
    return list(torch.autograd.grad(attend(*leaves, mask), leaves, upstream))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("n", "kv_heads"), [(CHUNK - 1, 4), (CHUNK, 2), (2 * CHUNK + 17, 2), (CHUNK + 1, 1)])
def test_gradients_equal_those_of_the_formula(n: int, kv_heads: int, causal: bool, masked: bool) -> None:
    case = Case(operator="-", dtype="float64", seq_len=n, num_heads=4, head_dim=8, hidden_size=32, causal=causal)
    generator = torch.Generator().manual_seed(2)
    mask = torch.rand(2, n, generator=generator) > 0.3 if masked else None  # some first rows see no key

    found, expected = (
        gradients(operators.load(name).build(case, torch.Generator()), n, kv_heads, mask)
        for name in ("chunked", "full_naive")
    )

    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-12)


def of_tokens(measure: Callable[..., Any], column: str, phase: str, n: int) -> int:
    case = Case(operator="chunked", phase=phase, seq_len=n, num_heads=2, head_dim=16, hidden_size=32)
    return int(measure(workload.build(case))[column])


@pytest.mark.parametrize("phase", ["forward", "train"])
def test_memory_is_linear_in_the_tokens(phase: str) -> None:
    """Twice the tokens, twice the peak, but for the scaled copy of one block of keys, which stays as it is."""
    once, twice = (of_tokens(memory.measure, "peak_tensor_bytes", phase, n) for n in (8 * CHUNK, 16 * CHUNK))

    assert 2 * once - 4 * 2 * CHUNK * 16 <= twice <= 2 * once


def test_what_is_kept_is_q_k_v_o_and_a_number_a_row() -> None:
    n = 3 * CHUNK

    assert of_tokens(saved.measure, "saved_for_backward_bytes", "train", n) == 4 * 2 * n * (4 * 16 + 1)


def test_causal_blocks_are_skipped_by_the_queries_before_them() -> None:
    """Of 4 × 4 blocks of scores the 10 on and below the diagonal are formed."""
    case = Case(operator="chunked", seq_len=4 * CHUNK, num_heads=1, head_dim=8, hidden_size=8)

    costs = [operators.load("chunked").cost(case.replace(causal=causal)) for causal in (True, False)]

    assert costs[0].forward_flops * 16 == costs[1].forward_flops * 10
