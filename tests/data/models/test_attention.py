"""The self-attention that operators are put into: masks, groups, rotation, and what a capture sees of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from bench import operators
from bench.case import Case
from bench.data.models._attention import Rotary, SelfAttention, attention_inputs, exact
from bench.data.models._bert import Bert
from bench.data.models._llama import Llama
from bench.operators._base import Attention

# Sums of at most 64 products of values of order one.
TOLERANCE = 64 * torch.finfo(torch.float64).eps


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_the_formula(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """``softmax(q kᵀ / √c) v`` over the pairs ``[b, 1, n, n]`` that are seen."""
    k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], 1) for x in (k, v))
    return (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~seen, -math.inf).softmax(-1) @ v


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padding", [False, True])
def test_exact_attention_sees_what_is_there_and_not_to_come(causal: bool, padding: bool) -> None:
    q, k, v = draw(2, 4, 6, 8), draw(2, 2, 6, 8, seed=1), draw(2, 2, 6, 8, seed=2)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    seen = torch.ones(2, 1, 6, 6, dtype=torch.bool)
    if padding:
        seen = seen & mask[:, None, None]
    if causal:
        seen = seen.tril()

    found = exact(q, k, v, mask if padding else None, causal=causal)
    assert torch.allclose(found, by_the_formula(q, k, v, seen), atol=TOLERANCE)


def test_a_projection_has_a_bias_where_it_is_asked_for() -> None:
    biased, plain = SelfAttention(16, 4), SelfAttention(16, 4, num_kv_heads=2, bias=False)

    assert [biased.get_parameter(f"{name}.bias").shape[0] for name in "qkvo"] == [16] * 4
    assert {name: tuple(weight.shape) for name, weight in plain.named_parameters()} == {
        "q.weight": (16, 16),
        "k.weight": (8, 16),
        "v.weight": (8, 16),
        "o.weight": (16, 16),
    }


@torch.no_grad()  # flex has no backward on a CPU
def test_every_attention_that_can_stand_in_a_layer_can_stand_here() -> None:
    case = Case(operator="sdpa", scope="layer", dtype="float64", seq_len=6, num_heads=4, head_dim=4, hidden_size=16)
    outputs = {}
    for name in operators.names():
        operator = operators.load(name)
        ranked = case.replace(operator=name, rank=4 if operator.has_rank else None)
        if isinstance(operator, Attention) and operator.unsupported(ranked) is None:
            torch.manual_seed(0)
            attention = SelfAttention(16, 4).double()
            attention.second_moment = torch.eye(16, dtype=torch.float64)  # for those that read samples
            layer = operator.build_layer(ranked, attention, torch.Generator().manual_seed(1))
            outputs[name] = layer(draw(2, 6, 16))

    assert {tuple(output.shape) for output in outputs.values()} == {(2, 6, 16)}
    assert torch.allclose(outputs["full_naive"], outputs["sdpa"], atol=TOLERANCE)


def test_a_token_at_position_0_is_not_rotated() -> None:
    x = draw(1, 1, 1, 8)

    assert torch.equal(Rotary(8, 4, 10_000.0).double()(x), x)


def test_rotation_is_a_product_with_a_complex_number() -> None:
    """Su et al., arXiv 2104.09864, equation 34, its pairs i and i + c/2."""
    x, theta, n = draw(2, 3, 5, 8), 100_000.0, 5
    exponents = torch.arange(0, 8, 2, dtype=torch.float64) / 8
    angles = torch.arange(n, dtype=torch.float64)[:, None] * theta**-exponents
    turned = torch.complex(x[..., :4], x[..., 4:]) * torch.polar(torch.ones_like(angles), angles)

    found = Rotary(8, 16, theta).double()(x)
    # sines and cosines are kept in float32
    assert torch.allclose(found, torch.cat((turned.real, turned.imag), -1), atol=x.abs().max().item() * 2**-23)


def test_rotated_scores_depend_on_how_far_apart_two_tokens_are() -> None:
    rotary = Rotary(64, 8192, 100_000.0).double()
    q, k = (draw(1, 1, 1, 64, seed=seed).expand(1, 1, 8192, 64) for seed in (0, 1))
    q, k = rotary(q)[0, 0], rotary(k)[0, 0]

    near, far = (q[[10, 8000]] * k[[3, 7993]]).sum(-1)
    # sines and cosines are kept in float32: each product is off by some 6e-8 of it
    assert math.isclose(near, far, abs_tol=4 * 6e-8 * (q[0].norm() * k[0].norm()).item())


def test_rotation_keeps_lengths() -> None:
    x = draw(1, 2, 8192, 64)
    lengths = Rotary(64, 8192, 100_000.0).double()(x).norm(dim=-1) / x.norm(dim=-1)

    assert (lengths - 1).abs().max() < 2 * 6e-8


def test_rotary_tables_are_no_weights_and_exist_where_weights_do_not_yet() -> None:
    with torch.device("meta"):
        attention = SelfAttention(16, 2, bias=False, rotary=Rotary(8, 4, 10_000.0))

    assert not any("rotary" in name for name in attention.state_dict())
    assert all(buffer.device.type == "cpu" for buffer in attention.buffers())


@pytest.fixture(params=[Bert, Llama])
def network(request: pytest.FixtureRequest) -> Any:
    """Three layers of each kind, one bidirectional with biases, one causal, grouped and rotary."""
    own = {Bert: {}, Llama: {"num_kv_heads": 2, "theta": 10_000.0}}[request.param]
    torch.manual_seed(0)
    made = request.param(vocabulary=20, max_seq_len=8, hidden_size=16, num_heads=4, ff_size=32, layers=3, **own)
    return made.double().eval()


IDS = torch.arange(6)[None]


def test_attention_over_what_was_seen_is_what_the_network_went_on_with(network: Any) -> None:
    outputs: list[torch.Tensor] = []
    for attention in network.attentions:
        attention.register_forward_hook(lambda _, __, output: outputs.append(output))
    seen = attention_inputs(network, IDS)

    for attention, given, output in zip(network.attentions, seen, outputs, strict=True):
        assert torch.equal(attention.join(attention.attend(given.q, given.k, given.v)), output)


def test_looking_leaves_the_network_as_it_was(network: Any) -> None:
    before = network(IDS)
    attention_inputs(network, IDS)

    assert torch.equal(network(IDS), before)
    assert not any(module._forward_pre_hooks for module in network.modules())


@pytest.mark.parametrize("replaced", [0, 1, 2])
def test_another_attend_changes_nothing_before_it_and_all_after_it(network: Any, replaced: int) -> None:
    before, output = attention_inputs(network, IDS), network(IDS)
    network.attentions[replaced].attend = lambda q, k, v, mask=None: torch.zeros_like(q)
    after, changed = attention_inputs(network, IDS), network(IDS)

    same = [torch.equal(one.x, other.x) for one, other in zip(before, after, strict=True)]
    assert same == [index <= replaced for index in range(3)]
    assert not torch.allclose(changed, output, atol=1e-3)


class Nothing(nn.Module):
    """An attention that attends to nothing."""

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return torch.zeros_like(x)


def test_where_no_attention_is_left_no_token_knows_of_another(network: Any) -> None:
    for index in range(3):
        network.attentions[index] = Nothing()
    another = torch.cat((torch.tensor([[9]]), IDS[:, 1:]), 1)

    assert torch.equal(network(another)[:, 1:], network(IDS)[:, 1:])


def test_padding_changes_nothing(network: Any) -> None:
    mask = torch.tensor([[True] * 6 + [False] * 2])
    padded = torch.cat((IDS, torch.tensor([[7, 7]])), 1)

    hidden = network(padded, mask)
    assert torch.allclose(hidden[:, :6], network(IDS), atol=TOLERANCE)
    assert torch.allclose(network.pooled(hidden, mask), network.pooled(network(IDS)), atol=TOLERANCE)


def test_the_future_of_a_causal_network_changes_nothing_before_it(network: Any) -> None:
    another = torch.cat((IDS[:, :5], torch.tensor([[9]])), 1)
    same = torch.allclose(network(another)[:, :5], network(IDS)[:, :5], atol=TOLERANCE)

    assert same == isinstance(network, Llama)
