"""What autograd keeps: one count a storage, views free."""

from __future__ import annotations

from collections.abc import Callable

import torch

from bench.case import Case
from bench.measure.metrics import saved
from bench.measure.workload import Workload

CASE = Case(operator="full_naive", phase="train", seq_len=8, hidden_size=8, num_heads=1, head_dim=8)
X = torch.ones(8, 8, requires_grad=True)  # 256 bytes


def kept(forward: Callable[[], torch.Tensor], case: Case = CASE) -> dict[str, int]:
    return saved.measure(Workload(case, {"x": X}, None, forward, forward))


def test_a_product_keeps_both_factors() -> None:
    other = torch.ones(8, 4, requires_grad=True)

    assert kept(lambda: X @ other) == {"saved_for_backward_bytes": 256 + 128}


def test_a_factor_without_gradient_need_not_keep_the_other() -> None:
    frozen = torch.ones(8, 4)

    assert kept(lambda: X @ frozen) == {"saved_for_backward_bytes": 128}


def test_a_tensor_that_is_kept_twice_counts_once() -> None:
    assert kept(lambda: X @ X.T + X * X) == {"saved_for_backward_bytes": 256}


def test_a_view_counts_as_its_whole_storage() -> None:
    assert kept(lambda: X[:1] * X[:1]) == {"saved_for_backward_bytes": 256}


def test_a_temporary_whose_address_is_used_again_is_counted_each_time() -> None:
    def forward() -> torch.Tensor:
        first = (X + 1).sigmoid()  # sigmoid keeps its output
        return (first.sum() + X).sigmoid()

    assert kept(forward) == {"saved_for_backward_bytes": 512}


def test_a_forward_phase_keeps_nothing_to_tell() -> None:
    assert kept(lambda: X @ X, CASE.replace(phase="forward")) == {}
