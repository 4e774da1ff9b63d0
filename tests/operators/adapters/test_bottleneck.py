"""What is particular to houlsby and pfeiffer: the bottleneck after the projection, and where in a block it stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case
from bench.measure import workload

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]
CASE = Case(
    operator="houlsby", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64"
)
MODEL = Case(operator="houlsby", scope="model", seq_len=8, hidden_size=32, num_heads=2, head_dim=16, rank=4)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_it_adds_a_bottleneck_of_the_projection_s_output(adapt: Adapt) -> None:
    module, weight, x = adapt(CASE)

    # h + W_up σ(W_down h + b) + b', σ(z) = z·Φ(z)
    h = x @ weight.T
    z = h @ module.down.T + module.down_bias
    inner = z * torch.special.ndtr(z)
    torch.testing.assert_close(module(x), h + inner @ module.up.T + module.up_bias, rtol=1e-12, atol=1e-12)


def test_no_weight_of_it_is_zero_after_perturb(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE)

    assert all(weight.all() for weight in module.parameters())


@pytest.mark.parametrize("operator", ["houlsby", "pfeiffer"])
def test_a_projection_costs_4tr_times_out_more_and_twice_that_backward(operator: str) -> None:
    cost = operators.load(operator).cost(CASE.replace(operator=operator))

    # T = 16, in = 24, out = 40, r = 4; backward of the frozen base is dx alone
    base, extra = 2 * 16 * 24 * 40, 4 * 16 * 40 * 4
    assert (cost.forward_flops, cost.backward_flops) == (base + extra, base + 2 * extra)
    assert cost.trainable_parameters == 2 * 40 * 4 + 4 + 40
    assert cost.parameters == 24 * 40 + cost.trainable_parameters


def test_houlsby_trains_two_bottlenecks_a_block_and_pfeiffer_one() -> None:
    # 2·d·r + r + d each, d = 32
    one = 2 * 32 * 4 + 4 + 32
    trained = {
        name: operators.load(name).cost(MODEL.replace(operator=name)).trainable_parameters
        for name in ("houlsby", "pfeiffer")
    }

    assert trained == {"houlsby": 2 * one, "pfeiffer": one}


@pytest.mark.parametrize(("operator", "wrapped"), [("houlsby", {"attention.o", "down"}), ("pfeiffer", {"down"})])
def test_it_stands_after_the_last_projection_of_a_sublayer(operator: str, wrapped: set[str]) -> None:
    module = workload.build(MODEL.replace(operator=operator)).module

    assert module is not None
    assert {name.rpartition(".")[0] for name, _ in module.named_parameters() if name.endswith("up_bias")} == {
        f"blocks.0.{place}" for place in wrapped
    }


def test_pfeiffer_has_no_place_in_a_self_attention() -> None:
    case = MODEL.replace(operator="pfeiffer", scope="layer")

    reason = operators.load("pfeiffer").unsupported(case)
    assert reason == "pfeiffer adapts down, which no self-attention has; take scope: model"


def test_it_cannot_be_merged() -> None:
    assert not operators.load("houlsby").mergeable
    assert not operators.load("pfeiffer").mergeable


def test_weights_of_float32_on_a_bfloat16_base_give_bfloat16(adapt: Adapt) -> None:
    module, _, x = adapt(CASE.replace(dtype="bfloat16", adapter_dtype="float32"))

    assert module.down.dtype == module.up.dtype == module.down_bias.dtype == module.up_bias.dtype == torch.float32
    assert module(x).dtype == torch.bfloat16
