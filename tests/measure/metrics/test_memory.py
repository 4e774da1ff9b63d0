"""Peak bytes of a call: to the byte on the CPU, from the allocator on CUDA."""

from __future__ import annotations

import pytest
import torch

from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import memory

PROJECTION = Case(operator="full", scope="projection", seq_len=256, hidden_size=64, out_features=128)


def qkv(device: str = "cpu") -> dict[str, torch.Tensor]:
    return {name: torch.ones(1, 4, 256, 32, device=device) for name in ("q", "k", "v")}


def naive(device: str = "cpu") -> Case:
    return Case(operator="full_naive", seq_len=256, hidden_size=128, num_heads=4, head_dim=32, device=device)


def test_naive_attention_peaks_at_its_scores_and_probabilities() -> None:
    """q·s is alive beside the scores, but smaller than the probabilities that replace it."""
    peak = memory.measure(workload.build(naive(), qkv()))["peak_tensor_bytes"]

    # 4 bytes × 4 heads × 256²: scores and probabilities; 4 × 4 × 256 × 32: q·s, which the call's frame keeps
    assert 2 * 4 * 4 * 256**2 <= peak <= 2 * 4 * 4 * 256**2 + 4 * 4 * 256 * 32


def test_a_projection_peaks_at_its_output_to_the_byte() -> None:
    built = workload.build(PROJECTION, {"x": torch.ones(1, 256, 64)})

    assert memory.measure(built) == {"peak_tensor_bytes": 4 * 256 * 128}


def test_gradients_of_the_call_before_do_not_hide_what_a_call_allocates() -> None:
    built = workload.build(PROJECTION.replace(phase="train"), {"x": torch.ones(1, 256, 64)})
    built.call()

    # y, dx and dW, and the optimizer's few scalars
    assert memory.measure(built)["peak_tensor_bytes"] == pytest.approx(4 * (256 * 128 + 256 * 64 + 64 * 128), abs=64)


def test_the_optimizer_s_state_is_not_part_of_the_peak() -> None:
    first, second = (
        memory.measure(built)["peak_tensor_bytes"]
        for built in [workload.build(PROJECTION.replace(phase="train"), {"x": torch.ones(1, 256, 64)})]
        for _ in range(2)
    )

    assert first == second


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_s_allocator_tells_at_least_the_scores_and_probabilities() -> None:
    found = memory.measure(workload.build(naive("cuda"), qkv("cuda")))

    assert found.keys() == {"peak_cuda_allocated_bytes", "peak_cuda_reserved_bytes"}
    # cuBLAS takes a workspace of up to 32 MiB in its first call only, which the warm-up makes
    assert 2 * 4 * 4 * 256**2 <= found["peak_cuda_allocated_bytes"] <= 3 * 4 * 4 * 256**2
