"""Adapters on the q and v projections of a self-attention: closed forms of the whole layer against counts."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import flops, memory, saved

SHAPES = {
    "square": {"hidden_size": 128, "num_heads": 4, "head_dim": 32},
    "grouped": {"hidden_size": 128, "num_heads": 4, "head_dim": 32, "num_kv_heads": 2},
    "two samples": {"hidden_size": 128, "num_heads": 4, "head_dim": 32, "batch_size": 2},
    "mixed dtypes": {
        "hidden_size": 128,
        "num_heads": 4,
        "head_dim": 32,
        "dtype": "bfloat16",
        "adapter_dtype": "float32",
    },
}
CASES = [
    Case(operator=name, scope="layer", phase="train", seq_len=256, rank=8, **shape)
    for name in ("lora", "dora", "rslora", "lora_fa", "ia3", "vera", "pissa", "olora", "loha", "lokr", "adalora")
    for shape in SHAPES.values()
]


def built(case: Case) -> workload.Workload:
    x = torch.randn(case.batch_size, case.seq_len, case.hidden_size, generator=torch.Generator().manual_seed(0))
    return workload.build(case, {"x": x.to(getattr(torch, case.dtype))})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case_id)
def test_flops_are_the_closed_form_less_its_gap(case: Case) -> None:
    cost = operators.load(case.operator).cost(case)

    assert flops.measure(built(case))["flops_counted"] == cost.flops("train") - cost.counter_gap("train")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case_id)
def test_bytes_kept_are_the_closed_form(case: Case) -> None:
    """x is kept once by both adapters, or two copies of it where dtypes differ."""
    cost = operators.load(case.operator).cost(case)

    assert saved.measure(built(case))["saved_for_backward_bytes"] == cost.saved_bytes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case_id)
def test_the_peak_is_within_a_factor_of_1_3_of_the_closed_form(case: Case) -> None:
    measured = memory.measure(built(case))["peak_tensor_bytes"]

    assert operators.load(case.operator).cost(case).train_peak_bytes / measured == pytest.approx(1, abs=0.3)


def test_only_q_and_v_are_adapted_and_nothing_else_is_trained() -> None:
    module = built(CASES[0]).module

    assert module is not None
    trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert trained == {"q.a", "q.b", "v.a", "v.b"}


def test_a_causal_layer_spares_half_of_the_core_and_nothing_of_the_projections() -> None:
    case = CASES[0].replace(phase="forward", causal=True)
    cost = operators.load("lora").cost(case)
    core = 4 * case.num_heads * case.seq_len**2 * case.head_dim if case.num_heads and case.head_dim else 0

    # of n² pairs the definition needs n(n + 1)/2
    spared = core * (case.seq_len - 1) / (2 * case.seq_len)
    assert cost.forward_flops * (1 - cost.ideal_share) == pytest.approx(spared, rel=1e-12)
