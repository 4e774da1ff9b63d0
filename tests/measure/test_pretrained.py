"""A pretrained network with its attentions swapped or its projections adapted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
from torch import nn

from bench import operators
from bench.case import Case
from bench.data.models._attention import SelfAttention
from bench.measure import networks, pretrained
from bench.measure.pretrained import Pretrained, Shifted
from bench.measure.samples import data_of
from bench.measure.training import Stepper
from bench.operators._base import Adapter

# float64, through 2 layers of products of 16 and 24 terms and their norms
ROUNDING = 1e-12

# equal to exact attention where rank is all there is of it: tokens, a head's width, or that of all heads together
FULL_RANK = {"full_naive": None, "linformer": 16, "svd_oracle": 16, "lowrank_qk": 8, "lowrank_kv": 16, "pca_keys": 8}


def fine_tuned() -> list[str]:
    found = [(name, operators.load(name)) for name in operators.names()]
    return [name for name, operator in found if isinstance(operator, Adapter) and "train" in operator.phases]


def networks_of(case: Case) -> tuple[Pretrained, Pretrained]:
    """The exact network and the case's, whose heads are the same draw."""
    sizes = data_of(case).sizes
    return networks.exact(case, sizes), networks.build(case, sizes)


def outputs(case: Case, *found: Pretrained) -> list[torch.Tensor]:
    batch = data_of(case).test.batch(torch.arange(8), next(found[0].parameters()))
    return [network(*batch.tensors.values()).detach() for network in found]


def adapter_case(adapted: Case, operator: str) -> Case:
    return adapted.replace(operator=operator, rank=2 if operators.load(operator).has_rank else None)


@pytest.fixture
def trained(adapted: Case) -> Callable[[str], tuple[Case, Pretrained]]:
    """``trained(operator)``: a case of it, and its network after three large steps."""

    def trained(operator: str) -> tuple[Case, Pretrained]:
        case = adapter_case(adapted, operator)
        _, network = networks_of(case)
        stepper = Stepper(network)
        batch = data_of(case).train.batch(torch.arange(32), stepper.weights[0])
        for _ in range(3):
            stepper.step(batch, 0.05)
        return case, network

    return trained


@pytest.mark.parametrize("operator", FULL_RANK)
def test_an_operator_that_is_exact_at_full_rank_gives_the_exact_network(swapped: Case, operator: str) -> None:
    case = swapped.replace(operator=operator, provider="bench", rank=FULL_RANK[operator])
    exact, found = outputs(case, *networks_of(case))

    torch.testing.assert_close(found, exact, rtol=ROUNDING, atol=ROUNDING)


class Grouped(nn.Module):
    """One causal attention of 4 heads over 2 of keys."""

    def __init__(self) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([SelfAttention(24, 4, num_kv_heads=2, bias=False, causal=True)])


def test_an_attention_that_knows_no_grouped_heads_is_given_each_key_head_as_often_as_it_has_queries(
    swapped: Case,
) -> None:
    shape = {"num_heads": 4, "num_kv_heads": 2, "head_dim": 6, "hidden_size": 24, "causal": True}
    case = swapped.replace(operator="linear_elu", provider="bench", **shape)
    assert operators.load("linear_elu").unsupported(case) is None
    assert operators.load("linear_elu").unsupported(case.replace(model=None, task=None)) is not None

    network = Grouped().double()
    pretrained.change(case, Pretrained(cast(Any, network)))
    attention = cast(SelfAttention, network.attentions[0])
    x = torch.randn(2, 16, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    q, k, v = attention.project(x)
    attend = operators.load("linear_elu").build(case.replace(num_kv_heads=None), torch.Generator())
    expected = attend(q, k[:, [0, 0, 1, 1]], v[:, [0, 0, 1, 1]])

    torch.testing.assert_close(attention(x), attention.join(expected), rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize(
    ("operator", "rank"),
    [("linformer", 2), ("lowrank_kv", 2), ("lowrank_kv_whitened", 2), ("lowrank_qk", 2), ("uniform", None)],
)
def test_an_operator_that_is_not_exact_changes_what_the_network_gives(
    swapped: Case, operator: str, rank: int | None
) -> None:
    case = swapped.replace(operator=operator, provider="bench", rank=rank)
    exact, found = outputs(case, *networks_of(case))

    assert found.isfinite().all()
    assert (found - exact).norm() > 1e-3 * exact.norm()


def test_a_single_layer_is_swapped_and_the_other_left(swapped: Case) -> None:
    case = swapped.replace(operator="lowrank_kv", provider="bench", rank=2, layer=1)
    _, network = networks_of(case)
    first, second = network.network.attentions

    assert isinstance(first.k, torch.nn.Linear)
    assert isinstance(second.k, torch.nn.Sequential)


@pytest.mark.parametrize("changes", [{"recover_steps": 3}, {"phase": "train"}], ids=str)
def test_all_of_a_network_is_trained_where_it_recovers_or_a_step_is_timed(swapped: Case, changes: dict) -> None:
    case = swapped.replace(operator="linformer_trained", provider="bench", rank=4)
    (_, frozen), (_, recovering) = networks_of(case), networks_of(case.replace(**changes))

    assert not any(weight.requires_grad for weight in frozen.parameters())
    assert all(weight.requires_grad for weight in recovering.parameters())


@pytest.mark.parametrize("operator", fine_tuned())
def test_at_step_0_an_adapter_gives_what_the_exact_network_gives(adapted: Case, operator: str) -> None:
    case = adapter_case(adapted, operator)
    exact, found = outputs(case, *networks_of(case))

    torch.testing.assert_close(found, exact, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("operator", [name for name in fine_tuned() if not operators.load(name).trains_base])
def test_an_adapter_trains_its_own_weights_and_the_head_and_no_others(
    trained: Callable[[str], tuple[Case, Pretrained]], operator: str
) -> None:
    case, network = trained(operator)
    base = dict(networks.exact(case, data_of(case).sizes).network.named_parameters())
    kept = [
        (weight, base[name.removeprefix("network.").replace("adapter.", "").replace("base.", "")])
        for name, weight in network.named_parameters()
        if not weight.requires_grad and name.endswith(("base.weight", "bias", "norm.weight", "tokens.weight"))
    ]
    trainable = {name for name, weight in network.named_parameters() if weight.requires_grad}

    assert {"head.weight", "head.bias"} < trainable or operator == "head_only"
    assert len(kept) > 10
    # PiSSA and OLoRA take a part of W0 out of the base before the first step
    moved = [weight for weight, before in kept if not torch.equal(weight, before)]
    assert not moved or operator in ("pissa", "olora")


def test_head_only_trains_the_head(adapted: Case) -> None:
    _, network = networks_of(adapter_case(adapted, "head_only"))

    trained = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert trained == {"head.weight", "head.bias"}


def test_full_fine_tuning_trains_everything(adapted: Case) -> None:
    _, network = networks_of(adapter_case(adapted, "full"))

    assert all(weight.requires_grad for weight in network.parameters())


def test_an_adapter_stands_on_each_projection_that_it_adapts_in_every_layer(adapted: Case) -> None:
    _, network = networks_of(adapter_case(adapted, "houlsby"))
    attentions, layers = network.network.attentions, network.network.layers

    assert all(isinstance(attention.o, Shifted) for attention in attentions)
    assert all(isinstance(layer.down, Shifted) for layer in layers)
    assert all(isinstance(attention.q, torch.nn.Linear) for attention in attentions)


def test_a_projection_that_the_network_does_not_have_is_told(adapted: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators.load("lora"), "adapts", ("q", "gate"))

    with pytest.raises(NotImplementedError, match=r"^tiny has not all of the projections q, gate$"):
        networks_of(adapted)


@pytest.mark.parametrize("operator", [name for name in fine_tuned() if operators.load(name).mergeable])
def test_merged_equals_unmerged_after_training(
    trained: Callable[[str], tuple[Case, Pretrained]], operator: str
) -> None:
    case, network = trained(operator)
    (unmerged,) = outputs(case, network)

    assert pretrained.merge(network) == 2 * len(operators.load(operator).adapts)
    torch.testing.assert_close(outputs(case, network)[0], unmerged, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("operator", [name for name in fine_tuned() if operators.load(name).mergeable])
def test_what_was_merged_has_left_the_base(trained: Callable[[str], tuple[Case, Pretrained]], operator: str) -> None:
    """Three steps of 0.05; else equality would show nothing."""
    case, network = trained(operator)
    pretrained.merge(network)
    base = dict(networks_of(case)[0].network.named_parameters())
    folded = {n.replace("adapter.", ""): w for n, w in network.network.named_parameters() if "adapter.weight" in n}

    assert len(folded) == 2 * len(operators.load(operator).adapts)
    assert all((weight - base[name]).abs().max() > 1e-3 for name, weight in folded.items())


@pytest.mark.parametrize("operator", ["houlsby", "full", "head_only"])
def test_what_cannot_be_merged_is_left(trained: Callable[[str], tuple[Case, Pretrained]], operator: str) -> None:
    case, network = trained(operator)
    (before,) = outputs(case, network)

    assert pretrained.merge(network) == 0
    assert torch.equal(outputs(case, network)[0], before)


def test_a_merged_network_has_plain_projections_again(trained: Callable[[str], tuple[Case, Pretrained]]) -> None:
    _, network = trained("lora")
    pretrained.merge(network)

    assert isinstance(network.network.attentions[0].q.adapter, torch.nn.Linear)


def test_peft_s_layers_merge_themselves(adapted: Case) -> None:
    pytest.importorskip("peft")
    case = adapted.replace(provider="peft")
    _, network = networks_of(case)
    stepper = Stepper(network)
    stepper.step(data_of(case).train.batch(torch.arange(32), stepper.weights[0]), 0.05)
    (unmerged,) = outputs(case, network)

    assert pretrained.merge(network) == 4
    torch.testing.assert_close(outputs(case, network)[0], unmerged, rtol=ROUNDING, atol=ROUNDING)
