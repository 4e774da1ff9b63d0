"""What is particular to performer-pytorch: the constant in its features is all that differs from ours."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch

from bench.case import Case
from bench.measure import workload

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="distutils Version classes", category=DeprecationWarning)
    theirs: Any = pytest.importorskip("performer_pytorch.performer_pytorch")

SHAPE = {"seq_len": 64, "num_heads": 2, "head_dim": 16, "hidden_size": 32, "batch_size": 2, "dtype": "float64"}


@pytest.mark.parametrize("causal", [False, True])
def test_without_what_it_adds_to_features_it_is_ours_to_rounding(causal: bool) -> None:
    built = workload.build(Case(operator="performer", rank=8, causal=causal, **SHAPE))
    module: Any = built.module
    q, k, v = (built.inputs[name] for name in "qkv")
    queries, keys = (
        theirs.softmax_kernel(x, projection_matrix=module.features, is_query=is_query, eps=0)
        for x, is_query in ((q, True), (k, False))
    )
    expected = (
        theirs.causal_linear_attention_noncuda(queries, keys, v, eps=0)
        if causal
        else theirs.linear_attention(queries, keys, v)
    )

    assert torch.allclose(built.call(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_features_are_ours_and_the_constant_is_theirs(causal: bool) -> None:
    built = workload.build(Case(operator="performer", provider="performer_pytorch", rank=8, causal=causal, **SHAPE))
    q, k, v = (built.inputs[name] for name in "qkv")
    features: Any = workload.build(Case(operator="performer", rank=8, **SHAPE)).module
    queries, keys = (
        theirs.softmax_kernel(x, projection_matrix=features.features, is_query=is_query)
        for x, is_query in ((q, True), (k, False))
    )
    attend = theirs.causal_linear_attention_noncuda if causal else theirs.linear_attention

    assert torch.equal(built.call(), attend(queries, keys, v))


def test_building_its_causal_form_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It tells on the standard output that it has no CUDA code."""
    workload.build(Case(operator="performer", provider="performer_pytorch", rank=8, causal=True, **SHAPE))

    assert capsys.readouterr().out == ""
