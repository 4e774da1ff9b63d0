"""What is particular to flex_attention: its blocks, its masks, what it refuses, and that compiled it is fused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.nn.attention.flex_attention import create_block_mask

from bench import operators
from bench.case import Case
from bench.measure import reference, workload
from bench.measure.metrics import memory
from bench.operators.attention.flex import BLOCK, _blocks, _visited_pairs

CASE = Case(operator="flex", provider="torch", seq_len=300, num_heads=4, num_kv_heads=2, head_dim=32, hidden_size=128)


@pytest.fixture(autouse=True)
def _nothing_traced_before() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.parametrize("n", [BLOCK, 2 * BLOCK, 300, 1000])
def test_causal_blocks_are_those_that_torch_finds_from_every_pair(n: int) -> None:
    found = _blocks(n, n, causal=True, masked=False, device="cpu")

    expected = create_block_mask(lambda b, h, i, j: i >= j, None, None, n, n, device="cpu")
    assert found.kv_num_blocks.equal(expected.kv_num_blocks)
    assert found.full_kv_num_blocks is not None
    assert expected.full_kv_num_blocks is not None
    assert found.full_kv_num_blocks.equal(expected.full_kv_num_blocks)
    assert torch.equal(found.to_dense(), expected.to_dense())


@pytest.mark.parametrize("n", [1, 100, 128, 129, 1000])
def test_the_closed_form_counts_the_pairs_of_the_visited_blocks(n: int) -> None:
    blocks = _blocks(n, n, causal=True, masked=False, device="cpu").to_dense()[0, 0]
    sizes = torch.tensor([min(BLOCK, n - start) for start in range(0, n, BLOCK)])

    assert _visited_pairs(n) == int((blocks * sizes[:, None] * sizes).sum())


@pytest.mark.parametrize(("n_q", "n_k"), [(7, 300), (300, 7), (130, 300)])
@pytest.mark.parametrize("causal", [False, True])
def test_queries_and_keys_may_differ_in_number_and_align_at_the_bottom_right(
    n_q: int, n_k: int, causal: bool
) -> None:
    draw = torch.Generator().manual_seed(0)
    q, k, v = (
        torch.randn(2, 4, n, c, generator=draw, dtype=torch.float64) for n, c in ((n_q, 8), (n_k, 8), (n_k, 12))
    )
    mask = torch.arange(n_k).expand(2, n_k) < torch.tensor([[n_k // 2], [0]])  # the second sample has no keys
    attend = workload.attention_of(CASE.replace(causal=causal, mask="padding"))

    with torch.no_grad():
        for given in (None, mask):
            expected = reference.attention(q, k, v, causal=causal, mask=given)
            assert torch.allclose(attend(q, k, v, given), expected, rtol=0, atol=1e-14)


def test_there_is_no_backward_pass_on_the_cpu() -> None:
    operator = operators.load("flex")
    said = "flex has no backward pass on the CPU: torch's FlexAttention refuses gradients there"

    assert operator.unsupported(CASE.replace(phase="train")) == said
    assert operator.unsupported(CASE.replace(phase="train", device="cuda")) is None
    q = torch.ones(1, 4, 300, 32, requires_grad=True)
    with pytest.raises(NotImplementedError, match="does not support backward on CPU"):
        workload.attention_of(CASE)(q, q[:, :2], q[:, :2])


def test_compiled_it_takes_no_float64_on_the_cpu() -> None:
    unsupported: Callable[[Case], str | None] = operators.load("flex").unsupported
    case = CASE.replace(compiled=True, dtype="float64")

    assert unsupported(case) == "flex compiled for the CPU takes no float64; compiled: false does"
    assert unsupported(case.replace(compiled=False)) is None
    assert unsupported(case.replace(dtype="bfloat16")) is None


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"causal": True}, {"causal": True, "mask": "padding"}], ids=str)
def test_compiled_it_equals_the_formula_and_stores_no_scores(changes: dict[str, Any]) -> None:
    """Its peak is the closed form's to the byte; the scores alone would be seven times that."""
    case = CASE.replace(compiled=True, seq_len=1024, threads=1, **changes)
    built = workload.build(case)
    inputs = dict(built.inputs)
    mask = inputs.pop("mask", None)

    output = built.forward()

    exact = reference.attention(**inputs, causal=case.causal, mask=mask)
    assert reference.relative_error(output, exact) < 32 * 2**-24
    claimed = operators.load("flex").cost(case).forward_peak_bytes
    assert memory.measure(built)["peak_tensor_bytes"] == claimed
    assert 7 * claimed < 4 * 4 * 1024 * 1024 * 4


@pytest.mark.slow
def test_compiled_it_takes_heads_as_a_layer_cuts_them() -> None:
    """Views of a projection's output, for which torch 2.13 alone compiles no kernel on the CPU."""
    case = CASE.replace(scope="layer", seq_len=128)
    x = workload.draw_inputs(case)

    compiled, formula = (workload.build(case.replace(compiled=c), x).forward() for c in (True, False))

    assert reference.relative_error(compiled, formula) < 32 * 2**-24
