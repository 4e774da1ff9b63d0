"""Segments as defined: every token once, sizes differing by at most one, means over valid tokens."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.operators.attention._segments import segment_counts, segment_means


def by_definition(x: torch.Tensor, segments: int, mask: torch.Tensor | None) -> torch.Tensor:
    """Segment j covers ``[j·n//m, (j+1)·n//m)``; the mean of no token is 0."""
    n = x.shape[-2]
    means = torch.zeros(*x.shape[:2], segments, x.shape[-1], dtype=x.dtype)
    for sample in range(x.shape[0]):
        for j in range(segments):
            tokens = [i for i in range(j * n // segments, (j + 1) * n // segments) if mask is None or mask[sample, i]]
            if tokens:
                means[sample, :, j] = x[sample][:, tokens].mean(dim=-2)
    return means


@given(n=st.integers(1, 40), share=st.floats(0.01, 1.0), masked=st.booleans(), seed=st.integers(0, 99))
def test_means_are_those_of_the_definition(n: int, share: float, masked: bool, seed: int) -> None:
    segments = max(1, int(share * n))
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 3, n, 4, generator=generator, dtype=torch.float64)
    mask = torch.rand(2, n, generator=generator) < 0.6 if masked else None

    found = segment_means(x, segments, mask)

    assert torch.allclose(found, by_definition(x, segments, mask), rtol=0, atol=1e-14)


@given(n=st.integers(1, 200), share=st.floats(0.01, 1.0))
def test_every_token_is_counted_once_and_sizes_differ_by_at_most_one(n: int, share: float) -> None:
    counts = segment_counts(n, max(1, int(share * n)), None, torch.device("cpu"))

    assert counts.sum() == n
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("n", [12, 13])
def test_what_a_masked_token_holds_does_not_reach_a_mean(n: int) -> None:
    x = torch.ones(1, 1, n, 2)
    x[0, 0, 5] = float("nan")
    mask = torch.arange(n)[None] != 5

    assert torch.equal(segment_means(x, 4, mask), torch.ones(1, 1, 4, 2))
