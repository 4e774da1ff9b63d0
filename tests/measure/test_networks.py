"""Networks of a task: what is equal between operators, what a small transformer reads, where a head comes from."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.case import Case
from bench.data import models
from bench.measure import networks
from bench.measure.samples import batch_of, data_of

RANKED = ["linformer", "linformer_trained", "nystrom", "performer", "mla"]


def weights(case: Case) -> dict[str, torch.Tensor]:
    return dict(networks.build(case, data_of(case).sizes).named_parameters())


@pytest.mark.parametrize("operator", ["full_naive", "linear_elu", *RANKED])
def test_a_seed_gives_the_same_weights_to_all_operators_but_for_their_own(small: Case, operator: str) -> None:
    rank = 4 if operator in RANKED else None
    plain, other = weights(small), weights(small.replace(operator=operator, provider="bench", rank=rank))
    shared = plain.keys() & other.keys()

    assert all(torch.equal(plain[name], other[name]) for name in shared)
    # latent attention has projections of its own
    assert all(".attention." in name for name in plain.keys() - shared)
    assert operator == "mla" or shared == plain.keys()


def test_another_seed_gives_other_weights(small: Case) -> None:
    first, other = weights(small), weights(small.replace(seed=1))

    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_two_blocks_are_not_the_same_draw(small: Case) -> None:
    found = weights(small)

    assert not torch.equal(found["stack.blocks.0.attention.q.weight"], found["stack.blocks.1.attention.q.weight"])
    assert not torch.equal(found["stack.blocks.0.attention.q.weight"], found["stack.blocks.0.up.weight"])


def test_all_weights_of_a_small_network_are_trained(small: Case) -> None:
    assert all(weight.requires_grad for weight in weights(small).values())


def test_a_small_network_has_the_weights_that_its_sizes_say(small: Case) -> None:
    """Tokens and positions of 16, two blocks of 12·d², a head of 4."""
    assert sum(weight.numel() for weight in weights(small).values()) == (16 + 16) * 16 + 2 * 12 * 16**2 + 4 * 16


def test_tokens_that_are_not_there_change_nothing(small: Case) -> None:
    data = data_of(small)
    network = networks.build(small, data.sizes)
    inputs, mask = data.test.inputs(torch.arange(4))
    changed = torch.where(mask, inputs, 15 - inputs)

    assert not torch.equal(inputs, changed)
    assert torch.equal(network(inputs, mask), network(changed, mask))


def test_what_is_asked_of_each_token_has_logits_of_each_token(small: Case) -> None:
    case = small.replace(task="echo", mask="none", causal=True)
    network = networks.build(case, data_of(case).sizes)
    inputs, _ = data_of(case).test.inputs(torch.arange(3))

    assert network(inputs).shape == (3, 16, 16)


def test_a_causal_network_does_not_see_what_comes_after(small: Case) -> None:
    case = small.replace(task="echo", mask="none", causal=True)
    network = networks.build(case, data_of(case).sizes)
    inputs, _ = data_of(case).test.inputs(torch.arange(3))
    later = inputs.clone()
    later[:, 10:] = 0

    assert torch.equal(network(inputs)[:, :10], network(later)[:, :10])


def test_inputs_that_are_no_ids_are_projected(small: Case) -> None:
    case = small.replace(task="heights", mask="none")
    network = networks.build(case, data_of(case).sizes)

    assert isinstance(network.tokens, nn.Linear)
    assert network(batch_of(case).batch.inputs).shape == (16, 2)


def test_an_exact_network_is_the_model_with_the_head_on_what_it_pools(swapped: Case) -> None:
    head = nn.Linear(16, 4, dtype=torch.float64)
    network = networks.exact(swapped, data_of(swapped).sizes, head)
    own, (inputs, mask) = models.load("tiny").load().double(), data_of(swapped).test.inputs(torch.arange(5))

    assert torch.equal(network(inputs, mask), head(own.pooled(own(inputs, mask), mask)))


def test_without_a_head_one_is_drawn_from_the_seed(swapped: Case) -> None:
    first, again, other = (
        networks.exact(case, data_of(case).sizes).head for case in (swapped, swapped, swapped.replace(seed=1))
    )

    assert first is not None
    assert again is not None
    assert other is not None
    assert first.weight.shape == (4, 16)
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)


def test_an_exact_network_is_frozen(swapped: Case) -> None:
    network = networks.exact(swapped, data_of(swapped).sizes)

    assert not any(weight.requires_grad for weight in network.parameters())
