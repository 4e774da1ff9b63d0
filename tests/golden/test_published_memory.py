"""Published memory: the peak of PyTorch's attention in FlashAttention's appendix, and our own to the byte."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import memory

# Dao et al., arXiv 2205.14135, Table 21, row PyTorch: seq_len -> MB, forward and backward, fp16, no mask or dropout
TABLE_21 = {128: 36, 256: 104, 512: 336, 1024: 1184, 2048: 4416, 4096: 17024}

CHANGES: list[dict[str, object]] = [
    {},
    {"seq_len": 300, "batch_size": 3},
    {"seq_len": 16},
    {"causal": True},
    {"mask": "padding"},
    {"causal": True, "mask": "padding", "batch_size": 2},
    {"num_kv_heads": 2},
    {"dtype": "float64"},
    {"dtype": "bfloat16"},
]


@pytest.mark.parametrize("seq_len", TABLE_21)
def test_closed_form_of_the_papers_baseline_gives_its_table(seq_len: int) -> None:
    """Four n x n matrices and ten n x c ones, of 16 x 8 heads, c = 64, two bytes an element."""
    heads, width, element = 16 * 8, 64, 2

    found = element * heads * (4 * seq_len**2 + 10 * seq_len * width)

    assert found == TABLE_21[seq_len] * 2**20


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: "-".join(changes) or "plain")
def test_full_naive_peaks_at_its_closed_form_to_the_byte(changes: dict[str, object]) -> None:
    case = Case(operator="full_naive", seq_len=256, num_heads=4, head_dim=32, hidden_size=128).replace(**changes)

    with torch.no_grad():
        found = memory.measure(workload.build(case))["peak_tensor_bytes"]

    assert found == operators.load("full_naive").cost(case).forward_peak_bytes


def test_full_naive_peaks_at_two_square_matrices() -> None:
    case = Case(operator="full_naive", seq_len=256, num_heads=4, head_dim=32, hidden_size=128)

    with torch.no_grad():
        found = memory.measure(workload.build(case))["peak_tensor_bytes"]

    assert found == 2 * 4 * 4 * 256**2
