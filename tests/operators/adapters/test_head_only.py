"""What is particular to training nothing of the network."""

from __future__ import annotations

import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import flops, saved

HEAD_ONLY = operators.load("head_only")
SHAPE = {"seq_len": 24, "batch_size": 2, "num_heads": 4, "head_dim": 8, "hidden_size": 32, "layers": 2}
CASE = Case(operator="head_only", scope="model", phase="train", **SHAPE)


def built() -> workload.Workload:
    x = torch.randn(2, 24, 32, generator=torch.Generator().manual_seed(0))
    return workload.build(CASE, {"x": x})


def test_nothing_of_a_stack_is_trained() -> None:
    module = built().module

    assert module is not None
    assert not any(weight.requires_grad for weight in module.parameters())
    assert HEAD_ONLY.cost(CASE).trainable_parameters == 0


def test_a_stack_has_the_weights_of_the_plain_one() -> None:
    """Two blocks of 12·d²."""
    assert HEAD_ONLY.cost(CASE).parameters == 2 * 12 * 32**2


def test_it_gives_what_the_plain_stack_gives() -> None:
    plain = workload.build(CASE.replace(operator="full"), dict(built().inputs))

    assert torch.equal(built().forward(), plain.forward())


def test_the_backward_pass_of_every_projection_is_dx_alone() -> None:
    cost, plain = HEAD_ONLY.cost(CASE), operators.load("full").cost(CASE)

    # T = 48, d = 32, two blocks: what is spared is dW of 12·d² weights
    assert plain.backward_flops - cost.backward_flops == 2 * 2 * 48 * 12 * 32**2
    assert plain.forward_flops == cost.forward_flops


def test_counts_are_the_closed_forms() -> None:
    cost = HEAD_ONLY.cost(CASE)

    assert flops.measure(built())["flops_counted"] == cost.flops("train") - cost.counter_gap("train")
    assert saved.measure(built())["saved_for_backward_bytes"] == cost.saved_bytes


def test_it_exists_where_there_is_a_network() -> None:
    reason = HEAD_ONLY.unsupported(CASE.replace(scope="layer", layers=None))

    assert reason == "head_only exists at scope model"
