"""What attentions cache in phase `decode`, beyond what every step is checked for: size and equality to the whole."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import reference, workload


def case_of(operator: str, **changes: Any) -> Case:
    shape: dict[str, Any] = {"seq_len": 24, "num_heads": 4, "head_dim": 8, "hidden_size": 32}
    provider = operators.load(operator).provider
    return Case(
        **{**shape, "operator": operator, "provider": provider, "dtype": "float64", "phase": "decode", **changes}
    )


@pytest.mark.parametrize(("kv_heads", "share"), [(4, 1), (2, 2), (1, 4)])
def test_fewer_key_heads_have_a_smaller_cache(kv_heads: int, share: int) -> None:
    """2·g·c elements a token: Shazeer, arXiv 1911.02150, section 3.1; Ainslie et al., arXiv 2305.13245."""
    cost = operators.load("sdpa").cost(case_of("sdpa", num_kv_heads=kv_heads))

    assert cost.kv_cache_bytes == 8 * 24 * 2 * 4 * 8 // share


@pytest.mark.parametrize(
    ("operator", "elements"),
    [("linear_elu", 8 * 9), ("cosformer", 16 * 9), ("efficient", 8 * 9 + 8), ("performer", 5 * 9 + 1)],
)
@pytest.mark.parametrize("n", [24, 240])
def test_a_kernel_attention_s_cache_does_not_grow(operator: str, elements: int, n: int) -> None:
    """f·(c_v + 1) elements a head, and the scale of its exponentials."""
    rank = 5 if operator == "performer" else None
    cost = operators.load(operator).cost(case_of(operator, seq_len=n, rank=rank))

    assert cost.kv_cache_bytes == 8 * 4 * elements


def test_a_step_computes_one_query_against_all_keys() -> None:
    """``2·h·n(c_k + c_v)``, for a batch of one."""
    assert operators.load("full_naive").cost(case_of("full_naive")).forward_flops == 2 * 4 * 24 * (8 + 8)


def test_exponentials_of_a_kernel_attention_stay_in_range_against_keys_as_large_as_they_come() -> None:
    """A new key far above and far below those before it."""
    for magnitude in (100.0, 0.01):
        case = case_of("efficient", dtype="float32", seq_len=8)
        tensors = {name: tensor.clone() for name, tensor in workload.draw_inputs(case).items()}
        tensors["k"][..., -1:, :] *= magnitude
        whole = workload.build(case.replace(phase="forward"), tensors).call()[..., -1:, :]

        torch.testing.assert_close(workload.build(case, tensors).call(), whole)


def test_projected_keys_give_exact_attention_with_every_direction() -> None:
    built = workload.build(case_of("pca_keys", rank=8))
    q, k, v = (built.inputs[name] for name in ("q", "k", "v"))

    assert torch.allclose(built.call(), reference.attention(q[..., -1:, :], k, v), rtol=0, atol=1e-12)


def test_projected_keys_are_those_of_the_directions_before_the_new_token() -> None:
    """A new key across all directions so far has no part in the scores; its value still counts as a score of 0."""
    case = case_of("pca_keys", rank=3)
    tensors = {name: tensor.clone() for name, tensor in workload.draw_inputs(case).items()}
    tensors["k"][..., :-1, 3:] = 0.0
    tensors["k"][..., -1, :] = torch.eye(8, dtype=torch.float64)[7] * 50
    without = tensors["k"].clone()
    without[..., -1, :] = 0.0

    expected = reference.attention(tensors["q"][..., -1:, :], without, tensors["v"])

    assert torch.allclose(workload.build(case, tensors).call(), expected, rtol=0, atol=1e-12)


def test_there_is_a_token_before_the_new_one() -> None:
    reason = operators.load("sdpa").unsupported(case_of("sdpa", seq_len=1))

    assert reason == "phase decode needs a token before the new one; seq_len 2 or more"
