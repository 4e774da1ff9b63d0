"""The reference against torch's own float64 MATH kernel and against matrices whose measures are known by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.case import Case
from bench.measure import reference

ROUNDING = 1e-14  # float64, sums of ten terms of order one


def drawn(heads: int = 4, groups: int = 4, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((2, heads, 10, 4), (2, groups, 10, 4), (2, groups, 10, 6))
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes)


@pytest.mark.parametrize("groups", [4, 2, 1])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_the_math_kernel(groups: int, causal: bool) -> None:
    q, k, v = drawn(groups=groups)

    with sdpa_kernel(SDPBackend.MATH):
        expected = F.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)
    assert torch.allclose(reference.attention(q, k, v, causal=causal), expected, rtol=0, atol=ROUNDING)


def test_attention_with_a_mask_equals_attention_over_the_keys_that_are_there() -> None:
    q, k, v = drawn()
    mask = torch.arange(10).expand(2, 10) < 7

    output = reference.attention(q, k, v, mask=mask)

    assert torch.allclose(output, reference.attention(q, k[..., :7, :], v[..., :7, :]), rtol=0, atol=ROUNDING)


def test_rows_without_keys_are_zero() -> None:
    q, k, _ = drawn()
    mask = torch.tensor([[False] * 10, [True] * 10])

    matrix = reference.attention_matrix(q, k, mask=mask)

    assert not matrix[0].any()
    assert torch.allclose(matrix[1].sum(dim=-1), torch.ones(4, 10, dtype=torch.float64), rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("queries", [10, 7, 1])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_some_rows_at_a_time_is_attention(
    queries: int, causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    q, k, v = drawn(groups=2)
    mask = torch.tensor([[True] * 10, [False, False] + [True] * 8])
    words = {"causal": causal, "mask": mask}
    whole = reference.attention_matrix(q[..., -queries:, :], k, **words) @ v.repeat_interleave(2, dim=1)

    monkeypatch.setattr(reference, "_BLOCK_BYTES", 3 * 8 * 2 * 4 * 10)  # three rows of all samples and heads

    output = reference.attention(q[..., -queries:, :], k, v, **words)
    assert torch.allclose(output, whole, rtol=0, atol=ROUNDING)


def test_low_precision_inputs_are_taken_as_they_are_and_computed_in_double() -> None:
    q, k, v = drawn(dtype=torch.bfloat16)

    assert torch.equal(reference.attention(q, k, v), reference.attention(q.double(), k.double(), v.double()))


def test_operator_matrix_is_what_the_operator_applies() -> None:
    q, k, _ = drawn(groups=2)

    def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return reference.attention(q, k, v, mask=mask)

    mask = torch.arange(10).expand(2, 10) < 7
    found = reference.operator_matrix(attend, q, k, mask)

    assert torch.equal(found, reference.attention_matrix(q, k, mask=mask))


@pytest.mark.parametrize(
    ("num_heads", "num_kv_heads", "seq_len", "heads"),
    [
        (64, None, 1024, tuple(range(64))),
        (6, None, 1500, (0, 1, 2, 3, 4, 5)),
        (8, None, 2048, (0, 4, 7)),
        (8, None, 4096, (0, 7)),
        (1, None, 4096, (0,)),
        (9, 3, 2048, (0, 3, 6)),
        (9, 3, 4096, (0, 8)),
        (8, 1, 4096, (0, 7)),
        (8, 2, 2048, (0, 4)),
    ],
)
def test_heads_are_all_up_to_1024_tokens_and_then_as_many_as_can_be_paid_for(
    num_heads: int, num_kv_heads: int | None, seq_len: int, heads: tuple[int, ...]
) -> None:
    shape = {"num_heads": num_heads, "num_kv_heads": num_kv_heads, "head_dim": 8, "hidden_size": 8 * num_heads}
    case = Case(operator="-", seq_len=seq_len, **shape)

    assert reference.heads_for(case) == heads
    of_each_key_head = [
        sum(head * case.kv_heads // num_heads == key for head in heads) for key in range(case.kv_heads)
    ]
    assert len({count for count in of_each_key_head if count}) == 1


def test_hardness_of_uniform_attention() -> None:
    found = reference.hardness(torch.full((2, 8, 8), 1 / 8), (1,))

    assert found.input_entropy == pytest.approx(1)
    assert found.input_stable_rank == pytest.approx(1)
    assert found.eckart_young_error[1] == pytest.approx(0, abs=1e-14)


def test_hardness_of_a_permutation() -> None:
    """n equal singular values: of rank r, a share (n - r)/n of the squares is left."""
    found = reference.hardness(
        torch.eye(8)[torch.randperm(8, generator=torch.Generator().manual_seed(0))][None], (2, 8)
    )

    assert found.input_entropy == 0
    assert found.input_stable_rank == pytest.approx(8)
    assert found.eckart_young_error == {2: pytest.approx(math.sqrt(6 / 8)), 8: 0}


def test_eckart_young_error_is_pooled_over_heads() -> None:
    """Uniform (one singular value, 1) beside the identity (eight): of nine squares, seven are beyond rank 1."""
    matrices = torch.stack([torch.full((8, 8), 1 / 8), torch.eye(8)])

    found = reference.hardness(matrices, (1,))

    assert found.eckart_young_error[1] == pytest.approx(math.sqrt(7 / 9))


def test_entropy_of_a_single_token_is_absent() -> None:
    assert math.isnan(reference.hardness(torch.ones(1, 1, 1), (1,)).input_entropy)


def test_relative_error_is_pooled_over_heads() -> None:
    exact = torch.tensor([[[3.0]], [[4.0]]])
    approximation = torch.tensor([[[3.0]], [[3.0]]])

    assert reference.relative_error(approximation, exact) == pytest.approx(1 / 5)
