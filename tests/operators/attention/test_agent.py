"""What is particular to agent attention: its agents, empty segments, and that it is never exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench import operators
from bench.measure import reference


def test_with_every_query_an_agent_it_is_attention_twice_over(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """At r = n: ``softmax(q qᵀ/√c) softmax(q kᵀ/√c)``, which is not exact."""
    q, k, _ = qkv()

    matrix = reference.operator_matrix(attend("agent", 24), q, k)

    twice = reference.attention_matrix(q, q) @ reference.attention_matrix(q, k)
    assert torch.allclose(matrix, twice, rtol=0, atol=1e-14)
    assert not operators.load("agent").exact_at_full_rank


def test_one_agent_gives_every_query_the_same(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()

    output = attend("agent", 1)(q, k, v)

    asked = reference.attention(q.mean(dim=-2, keepdim=True), k, v)
    assert torch.allclose(output, asked.expand_as(output), rtol=0, atol=1e-13)


def test_empty_segments_are_out(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """With the valid tokens in the first half, eight segments of which four are empty equal four of that half."""
    q, k, v = qkv()
    mask = torch.arange(24)[None] < 12

    masked = attend("agent", 8, mask="padding")(q, k, v, mask)

    half = attend("agent", 4, 12)(q[..., :12, :], k[..., :12, :], v[..., :12, :])
    assert torch.allclose(masked[..., :12, :], half, rtol=0, atol=1e-13)
