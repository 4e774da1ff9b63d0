"""Adapters on any of the projections of a block: closed forms of the whole layer or stack against counts."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import flops, memory, saved

SHAPE = {
    "batch_size": 2,
    "seq_len": 24,
    "hidden_size": 32,
    "num_heads": 4,
    "head_dim": 8,
    "num_kv_heads": 2,
    "rank": 4,
}
MIXED = {"dtype": "bfloat16", "adapter_dtype": "float32"}
# one that keeps x, one that keeps a copy of it where dtypes differ, one that does neither
ADAPTERS = [("lora", {}), ("lora", MIXED), ("houlsby", {})]
IN_A_LAYER = [subset for size in range(1, 5) for subset in itertools.combinations("qkvo", size)]
IN_A_BLOCK = [("up",), ("down",), ("up", "down"), ("o", "up"), ("q", "k", "v", "o", "up", "down")]
PLACED = [("layer", adapts) for adapts in IN_A_LAYER] + [("model", adapts) for adapts in IN_A_BLOCK]
Place = Callable[[str, tuple[str, ...]], None]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    """``place(operator, adapts)`` lets an operator adapt other projections than its own."""
    return lambda operator, adapts: monkeypatch.setattr(operators.load(operator), "adapts", adapts)


def case_of(operator: str, scope: str, **changes: object) -> Case:
    return Case(operator=operator, scope=scope, phase="train", **{**SHAPE, **changes})


def built(case: Case) -> workload.Workload:
    x = torch.randn(case.batch_size, case.seq_len, case.hidden_size, generator=torch.Generator().manual_seed(0))
    return workload.build(case, {"x": x.to(getattr(torch, case.dtype))})


@pytest.mark.parametrize(("operator", "dtypes"), ADAPTERS)
@pytest.mark.parametrize(("scope", "adapts"), PLACED)
def test_bytes_kept_are_the_closed_form_wherever_it_stands(
    place: Place, operator: str, dtypes: dict[str, str], scope: str, adapts: tuple[str, ...]
) -> None:
    place(operator, adapts)
    case = case_of(operator, scope, layers=2 if scope == "model" else None, **dtypes)

    assert saved.measure(built(case))["saved_for_backward_bytes"] == operators.load(operator).cost(case).saved_bytes


@pytest.mark.parametrize(("operator", "dtypes"), ADAPTERS)
@pytest.mark.parametrize(("scope", "adapts"), PLACED)
def test_flops_are_the_closed_form_less_its_gap_wherever_it_stands(
    place: Place, operator: str, dtypes: dict[str, str], scope: str, adapts: tuple[str, ...]
) -> None:
    place(operator, adapts)
    case = case_of(operator, scope, **dtypes)
    cost = operators.load(operator).cost(case)

    assert flops.measure(built(case))["flops_counted"] == cost.flops("train") - cost.counter_gap("train")


@pytest.mark.parametrize(("scope", "adapts"), PLACED)
def test_exactly_the_projections_that_it_adapts_are_trained(
    place: Place, scope: str, adapts: tuple[str, ...]
) -> None:
    place("lora", adapts)
    case = case_of("lora", scope)
    module = built(case).module

    assert module is not None
    trained = {name: weight.numel() for name, weight in module.named_parameters() if weight.requires_grad}
    assert {name.split(".")[-2] for name in trained} == set(adapts)
    assert operators.load("lora").cost(case).trainable_parameters == sum(trained.values())


@pytest.mark.parametrize("adapts", IN_A_BLOCK)
@pytest.mark.parametrize("operator", ["lora", "houlsby"])
def test_the_peak_is_within_a_factor_of_1_3_of_the_closed_form(
    place: Place, operator: str, adapts: tuple[str, ...]
) -> None:
    place(operator, adapts)
    case = case_of(operator, "model", seq_len=128, hidden_size=64, head_dim=16, layers=2, threads=1)

    measured = memory.measure(built(case))["peak_tensor_bytes"]
    assert operators.load(operator).cost(case).train_peak_bytes / measured == pytest.approx(1, abs=0.3)


def test_a_frozen_feed_forward_network_costs_dx_only_and_keeps_its_weights_and_gelu_s_input() -> None:
    model = case_of("lora", "model")
    stack, layer = (operators.load("lora").cost(case) for case in (model, model.replace(scope="layer")))

    # T = 48, d = 32: both products of 2·T·d·4d
    assert stack.forward_flops - layer.forward_flops == 16 * 48 * 32**2
    assert stack.backward_flops - layer.backward_flops == 16 * 48 * 32**2
    # the weights; gelu's input; x, h, and for either the mean and the reciprocal deviation of each token
    assert stack.saved_bytes - layer.saved_bytes == 4 * (8 * 32**2 + 48 * 4 * 32 + 2 * 48 * (32 + 2))


def test_full_fine_tuning_of_a_stack_is_the_stack_of_plain_attention() -> None:
    case = case_of("full", "model", rank=None, layers=3)

    assert operators.load("full").cost(case) == operators.load("sdpa").cost(case.replace(operator="sdpa"))
