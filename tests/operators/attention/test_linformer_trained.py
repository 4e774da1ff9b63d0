"""What is particular to Linformer with trained projections."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.data.models._attention import SelfAttention
from bench.measure import workload
from bench.measure.metrics import error, saved

LAYER = Case(
    operator="linformer_trained",
    scope="layer",
    dtype="float64",
    batch_size=2,
    seq_len=24,
    num_heads=2,
    head_dim=8,
    hidden_size=16,
    rank=4,
)


def test_it_is_equation_7(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    operator = attend("linformer_trained", 4)
    expected = (q @ (operator.keys @ k).mT / math.sqrt(8)).softmax(dim=-1) @ (operator.values @ v)

    assert torch.allclose(operator(q, k, v), expected, rtol=0, atol=1e-14)


def test_e_and_f_are_identities_and_r_is_n_then_it_is_exact(
    attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv()
    operator = attend("linformer_trained", 24)
    for weight in operator.parameters():
        torch.nn.init.eye_(weight)

    assert torch.allclose(operator(q, k, v), attend("full_naive")(q, k, v), rtol=0, atol=1e-14)


def test_weights_are_drawn_within_one_over_the_root_of_the_rank(attend: Callable[..., Any]) -> None:
    """Of 4·24 draws from U(-1/2, 1/2) all lie within 0.4 with a chance of 0.8^96 = 5e-10."""
    largest = max(float(weight.detach().abs().max()) for weight in attend("linformer_trained", 4).parameters())

    assert 0.4 < largest <= 0.5


def test_a_shorter_sequence_takes_the_first_columns(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """As if the rest were masked: a key of zeros adds nothing to E k."""
    q, k, v = qkv()
    operator, mask = attend("linformer_trained", 4), torch.arange(24)[None] < 15

    assert torch.allclose(operator(q, k[:, :, :15], v[:, :, :15]), operator(q, k, v, mask), rtol=0, atol=1e-14)


@pytest.mark.parametrize("mask", ["none", "padding"])
def test_the_layer_that_shortens_first_is_the_layer_that_projects_first(mask: str) -> None:
    """``(E x) W_k = E (x W_k)``; in float64, through sums of 24 and 16 terms."""
    built = workload.build(LAYER.replace(mask=mask))
    layer: Any = built.module

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (2, 8)).transpose(1, 2)

    x, hidden = built.inputs["x"], built.inputs.get("mask")
    projected_first = layer.attend(heads(layer.q(x)), heads(layer.k(x)), heads(layer.v(x)), hidden)
    expected = layer.o(projected_first.transpose(1, 2).flatten(2))

    assert torch.allclose(built.call(), expected, rtol=0, atol=1e-13)


def test_the_layer_keeps_neither_k_nor_v_of_all_tokens() -> None:
    """Beside x, q, what W_o is fed and weights: probabilities h·n·r, four tensors of r tokens, b = 1."""
    case = LAYER.replace(phase="train", batch_size=1, seq_len=1024, dtype="float32")
    of_tokens, of_segments, weights = 1024 * 16, 4 * 16, 4 * 16 * 16 + 2 * 4 * 1024

    kept = saved.measure(workload.build(case))["saved_for_backward_bytes"]

    assert kept == 4 * (3 * of_tokens + 2 * 1024 * 4 + 4 * of_segments + weights)


def test_no_error_against_exact_attention_is_reported_before_it_is_trained() -> None:
    found = error.measure(workload.build(LAYER))

    assert found.keys() == {"rounding_rel_error"}


def test_the_closed_form_at_core_is_that_of_the_reference() -> None:
    """8·n·k·c forward and twice that backward, for each batch and head; parameters 2·n·k."""
    cost = operators.load("linformer_trained").cost(LAYER.replace(scope="core"))

    assert (cost.forward_flops, cost.backward_flops) == (4 * 8 * 24 * 4 * 8, 4 * 16 * 24 * 4 * 8)
    assert cost.parameters == cost.trainable_parameters == 2 * 24 * 4


def test_of_projections_with_biases_keys_and_values_themselves_are_shortened() -> None:
    """Equation 7 of k and v as they are: E of a bias is that bias times the sums of E's rows."""
    x = torch.randn(2, 24, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        layer = SelfAttention(16, 2).double()
    found: Any = operators.load("linformer_trained").build_layer(LAYER, layer, torch.Generator().manual_seed(2))
    q, k, v = layer.project(x)
    keys, values = found.attend.keys @ k, found.attend.values @ v
    expected = layer.join((q @ keys.mT / math.sqrt(8)).softmax(dim=-1) @ values)

    torch.testing.assert_close(found(x), expected, rtol=0, atol=1e-12)
