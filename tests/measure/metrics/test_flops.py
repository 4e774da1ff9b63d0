"""FLOPs as torch counts them, of one whole call of the phase."""

from __future__ import annotations

import torch

from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import flops

CASE = Case(operator="full", scope="projection", seq_len=16, hidden_size=24, out_features=40)
X = {"x": torch.ones(1, 16, 24)}


def test_a_product_counts_two_flops_a_multiply_add() -> None:
    assert flops.measure(workload.build(CASE, X)) == {"flops_counted": 2 * 16 * 24 * 40}


def test_a_train_call_counts_both_gradients() -> None:
    counted = flops.measure(workload.build(CASE.replace(phase="train"), X))

    assert counted == {"flops_counted": 6 * 16 * 24 * 40}


def test_the_cpu_s_flash_kernel_counts_nothing() -> None:
    """The reason for `flops_counter_gap`."""
    case = Case(operator="sdpa", seq_len=16, hidden_size=16, num_heads=2, head_dim=8)
    q = torch.ones(1, 2, 16, 8)

    assert flops.measure(workload.build(case, {"q": q, "k": q, "v": q})) == {"flops_counted": 0}


def test_a_compiled_call_is_not_counted() -> None:
    """Its products are calls that the counter does not see; `compiled` is set on a call that is not, to be quick."""
    built = workload.build(CASE, X)
    compiled = workload.Workload(CASE.replace(compiled=True), built.inputs, built.module, built.forward, built.call)

    assert flops.measure(compiled) == {}


def test_what_the_counter_cannot_look_at_is_absent() -> None:
    """flex_attention, uncompiled: `uncounted` says why, and the contract's check that it is still so."""
    case = Case(operator="flex", provider="torch", seq_len=16, hidden_size=16, num_heads=2, head_dim=8)
    q = torch.ones(1, 2, 16, 8)

    assert flops.measure(workload.build(case, {"q": q, "k": q, "v": q})) == {}
