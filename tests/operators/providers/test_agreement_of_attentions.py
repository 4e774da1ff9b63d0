"""Attention packages built from ours: output and gradients equal ours to rounding where the offer says so."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Adapter

SHAPE = {"num_heads": 2, "head_dim": 16, "hidden_size": 32, "seq_len": 64, "batch_size": 2}


def offered() -> list[tuple[str, str, str]]:
    """(operator, provider, scope) of every offer of an attention or a layer whose package is here."""
    found = []
    for operator, providers in sorted(operators.offers().items()):
        own = operators.load(operator)
        for provider in providers:
            theirs = operators.of(Case(operator=operator, provider=provider, rank=8, **SHAPE))
            if not isinstance(own, Adapter) and theirs.absent() is None:
                found += [(operator, provider, scope) for scope in sorted(theirs.scopes)]
    return found


def case_of(operator: str, provider: str, scope: str, **changes: object) -> Case:
    rank = 8 if operators.load(operator).has_rank else None
    case = Case(operator=operator, provider=provider, scope=scope, rank=rank, **{**SHAPE, **changes})
    if operator in ("gqa", "mqa"):
        case = case.replace(num_heads=4, hidden_size=64, num_kv_heads=1 if operator == "mqa" else 2)
    return case


def largest_difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).detach().abs().max() / b.detach().abs().max())


AGREEING = [
    (operator, provider, scope)
    for operator, provider, scope in offered()
    if operators.of(case_of(operator, provider, scope)).agrees
]
FORMS = ({}, {"causal": True}, {"phase": "decode"})


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize(("operator", "provider", "scope"), AGREEING)
def test_a_package_gives_what_ours_gives(operator: str, provider: str, scope: str, form: dict[str, object]) -> None:
    case = case_of(operator, provider, scope, **form)
    if reason := operators.of(case).unsupported(case):
        assert form, reason
        pytest.skip(reason)

    ours = workload.build(case.replace(provider="bench")).call()
    theirs = workload.build(case).call()

    assert largest_difference(theirs, ours) <= 1e-5


@pytest.mark.parametrize(("operator", "provider", "scope"), AGREEING)
def test_gradients_of_the_inputs_agree(operator: str, provider: str, scope: str) -> None:
    case = case_of(operator, provider, scope, phase="train")
    ours, theirs = (workload.build(case.replace(provider=who)) for who in ("bench", provider))
    for built in (ours, theirs):
        built.call()

    for name, tensor in ours.inputs.items():
        assert largest_difference(theirs.inputs[name].grad, tensor.grad) <= 1e-4


@pytest.mark.parametrize(("operator", "provider", "scope"), offered())
def test_every_weight_is_counted_once(operator: str, provider: str, scope: str) -> None:
    case = case_of(operator, provider, scope)
    module = workload.build(case).module
    count = sum(weight.numel() for weight in module.parameters()) if module is not None else 0

    assert count == operators.load(operator).cost(case).parameters


def test_nystrom_attention_agrees_for_one_sample_with_one_head() -> None:
    shape = {"batch_size": 1, "num_heads": 1, "head_dim": 32}
    case = case_of("nystrom", "nystrom_attention", "layer", **shape)

    ours, theirs = (workload.build(case.replace(provider=who)).call() for who in ("bench", "nystrom_attention"))

    assert largest_difference(theirs, ours) <= 1e-4


def test_linear_attention_transformer_s_output_is_ours_over_the_root_of_head_dim() -> None:
    case = case_of("efficient", "linear_attention_transformer", "core")

    ours, theirs = (
        workload.build(case.replace(provider=who)).call() for who in ("bench", "linear_attention_transformer")
    )

    assert largest_difference(theirs * 16**0.5, ours) <= 1e-5


def test_performer_pytorch_differs_from_ours_by_what_it_adds_to_features() -> None:
    """1e-4 beside features of the order of 1."""
    case = case_of("performer", "performer_pytorch", "core")

    ours, theirs = (workload.build(case.replace(provider=who)).call() for who in ("bench", "performer_pytorch"))

    assert 1e-5 < largest_difference(theirs, ours) < 5e-2
