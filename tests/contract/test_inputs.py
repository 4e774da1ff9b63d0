"""Every input of the catalogue gives what its contract says, or says what to type to get its data."""

from __future__ import annotations

import pytest
import torch

from bench.case import SCOPES, Case
from bench.measure import inputs

NAMES = inputs.catalogue.names()
# Captured inputs ask for the shape of their model; any serves the others.
OF_MINILM = {"seq_len": 128, "hidden_size": 384, "num_heads": 12, "head_dim": 32}
SHAPES = {
    "captured_smollm2": {**OF_MINILM, "hidden_size": 576, "num_heads": 9, "num_kv_heads": 3, "head_dim": 64},
    "captured_dinov2": {**OF_MINILM, "seq_len": 65, "num_heads": 6, "head_dim": 64},
    "captured_whisper": {**OF_MINILM, "num_heads": 6, "head_dim": 64},
}


def case_of(name: str, scope: str) -> Case:
    """A case that the input can serve; skips the test where its data are not on this machine."""
    source = inputs.load(name)
    asked = SHAPES.get(name, OF_MINILM)
    shape = {key: value for key, value in asked.items() if scope != "projection" or "head" not in key}
    causal = name == "captured_smollm2" and scope != "projection"
    case = Case(operator="sdpa", **shape, causal=causal, scope=scope, input=name)
    if scope not in source.scopes:
        pytest.skip(f"not defined at scope {scope}")
    if reason := source.absent(case):
        pytest.skip(reason)
    return case


@pytest.mark.parametrize("name", NAMES)
def test_an_input_says_where_it_is_defined(name: str) -> None:
    scopes = inputs.load(name).scopes

    assert scopes
    assert scopes <= set(SCOPES)


@pytest.mark.parametrize("name", NAMES)
def test_an_input_is_explained_in_its_docstring(name: str) -> None:
    assert (inputs.load(name).__doc__ or "").strip()


@pytest.mark.parametrize("scope", ["projection", "core", "layer"])
@pytest.mark.parametrize("name", NAMES)
def test_an_input_serves_a_case_of_its_shape(name: str, scope: str) -> None:
    assert inputs.load(name).unsupported(case_of(name, scope)) is None


@pytest.mark.parametrize("scope", ["projection", "core", "layer"])
@pytest.mark.parametrize("name", NAMES)
def test_an_input_has_the_shapes_of_its_scope_in_float64_on_the_cpu(name: str, scope: str) -> None:
    case = case_of(name, scope)
    tensors = inputs.load(name).tensors(case)

    n, c = case.seq_len, case.head_dim
    heads = {"q": (1, case.num_heads, n, c), "k": (1, case.kv_heads, n, c), "v": (1, case.kv_heads, n, c)}
    expected = heads if scope == "core" else {"x": (1, n, case.hidden_size)}
    assert {key: tuple(t.shape) for key, t in tensors.items()} == expected
    assert all(t.dtype == torch.float64 and t.device.type == "cpu" for t in tensors.values())
    assert all(bool(t.isfinite().all()) for t in tensors.values())


@pytest.mark.parametrize("scope", ["projection", "core", "layer"])
@pytest.mark.parametrize("name", NAMES)
def test_an_input_is_the_same_for_the_same_case(name: str, scope: str) -> None:
    case = case_of(name, scope)

    first, second = inputs.load(name).tensors(case), inputs.load(name).tensors(case)
    assert all(torch.equal(first[key], second[key]) for key in first)
