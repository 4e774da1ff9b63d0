"""The pace-maker, whose definition must never change, and the machine's peaks."""

from __future__ import annotations

import pytest
import torch

from bench.measure.pacemaker import machine_peak, pacemaker


def test_the_pacemaker_is_what_it_has_always_been() -> None:
    """softmax(A B) A, with A and B 256 × 256, N(0, 1), from one generator of seed 0."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(256, 256, generator=generator) for _ in range(2))

    assert torch.equal(pacemaker("cpu")(), torch.softmax(a @ b, dim=-1) @ a)


def test_two_pacemakers_compute_the_same() -> None:
    assert torch.equal(pacemaker("cpu")(), pacemaker("cpu")())


@pytest.mark.slow
def test_the_peaks_are_rates_of_products_and_of_copies() -> None:
    """Any machine multiplies more numbers than it copies."""
    torch.set_num_threads(1)
    peak = machine_peak("cpu", "float32")

    assert peak.keys() == {"flops_per_s", "bytes_per_s"}
    assert peak["flops_per_s"] > peak["bytes_per_s"] > 0
