"""Projections, a self-attention and a stack of blocks, around exact attention."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from bench.case import Case
from bench.measure import workload
from bench.measure.layers import linear

SHAPE = {"operator": "sdpa", "provider": "torch", "seq_len": 12, "hidden_size": 16, "num_heads": 2, "head_dim": 8}


def case_of(scope: str, **changes: object) -> Case:
    return Case(**{**SHAPE, "scope": scope, "dtype": "float64", "batch_size": 2, "causal": True, **changes})


def test_a_projection_s_weight_is_the_same_draw_in_every_dtype():
    single, double = (
        linear(case_of("layer", dtype=dtype), 16, 8, torch.Generator().manual_seed(0)).weight
        for dtype in ("float32", "float64")
    )

    assert torch.equal(single, double.float())


def test_a_stack_of_one_block_is_the_pre_norm_formula():
    built = workload.build(case_of("model"))
    block, x = built.module.blocks[0], built.inputs["x"]
    h = x + block.attention(F.layer_norm(x, (16,)))
    expected = h + block.down(F.gelu(block.up(F.layer_norm(h, (16,)))))

    torch.testing.assert_close(built.call(), expected)


def test_a_stack_has_as_many_blocks_as_layers():
    assert len(workload.build(case_of("model", layers=3)).module.blocks) == 3


@pytest.mark.parametrize("scope", ["core", "layer", "model"])
def test_a_decoded_token_is_the_last_row_of_the_causal_whole(scope):
    whole = workload.build(case_of(scope, layers=2 if scope == "model" else None))
    step = workload.build(case_of(scope, layers=2 if scope == "model" else None, phase="decode"))

    torch.testing.assert_close(step.call(), whole.call()[..., -1:, :])


def test_a_step_changes_nothing_for_the_next():
    step = workload.build(case_of("layer", phase="decode"))

    assert torch.equal(step.call(), step.call())


def test_the_cache_of_keys_and_values_holds_every_token_of_every_block():
    step = workload.build(case_of("model", layers=3, phase="decode"))

    assert [tuple(tensor.shape) for tensor in step.cache] == [(2, 2, 12, 8)] * 6
