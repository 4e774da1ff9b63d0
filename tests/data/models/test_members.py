"""What every model declares is what it loads, and every one can be swapped, padded and taken to float64 alike."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bench import operators
from bench.case import Case
from bench.data import models
from bench.data.models._attention import SelfAttention, attention_inputs

IMPORTS = """
import importlib
import importlib.util
import os
import pkgutil

from bench.data import models

for module in pkgutil.iter_modules(models.__path__, "bench.data.models."):
    importlib.import_module(module.name)
for package in filter(importlib.util.find_spec, ("gguf", "onnx", "safetensors", "tokenizers")):
    importlib.import_module(package)
print(len(os.listdir("/proc/self/task")))
"""

# Relative to the largest value: eps 6e-8 through sums of up to 1536 products and up to 30 layers.
ROUNDING = 6e-8 * 1536**0.5 * 30

SEQ_LEN = {"minilm": 16, "smollm2": 16, "dinov2": 17, "whisper": 25}


def raw(model: Any) -> Any:
    """Gives two samples of what a model is fed with."""
    draws = np.random.default_rng(0)
    return {
        "language": ["The movie was wonderful.", "A man is playing a guitar, and nobody listens."],
        "vision": draws.integers(0, 256, (2, 28, 28), np.uint8),
        "audio": [draws.standard_normal(8000).astype(np.float32) * 0.1 for _ in range(2)],
    }[model.MODALITY]


@pytest.fixture(params=models.names())
def model(request: pytest.FixtureRequest) -> Any:
    return models.load(request.param)


@pytest.fixture
def network(model: Any, fetched: None) -> Any:
    for reason in filter(None, (model.lacking(), model.SOURCE.absent())):
        pytest.skip(reason)
    return model.load()


def fed(model: Any) -> tuple[Tensor, Tensor | None]:
    inputs, mask = model.encode(raw(model), SEQ_LEN[model.SOURCE.name])
    return inputs, mask


def largest(difference: Tensor, of: Tensor) -> float:
    return float(difference.abs().max() / of.abs().max())


def test_heads_make_up_the_width(model: Any) -> None:
    assert model.NUM_HEADS * model.HEAD_DIM == model.HIDDEN_SIZE
    assert model.NUM_HEADS % model.NUM_KV_HEADS == 0
    assert 0 < model.RATE_FACTOR <= 1
    assert model.unsupported_length(SEQ_LEN[model.SOURCE.name]) is None


@pytest.mark.slow
def test_what_is_declared_is_what_is_loaded(model: Any, network: Any) -> None:
    assert len(network.attentions) == len(network.layers) == model.LAYERS
    for attention, layer in zip(network.attentions, network.layers, strict=True):
        assert isinstance(attention, SelfAttention)
        assert attention.head_dim == model.HEAD_DIM
        widths = [getattr(attention, name).out_features // model.HEAD_DIM for name in "qkvo"]
        assert widths == [model.NUM_HEADS, model.NUM_KV_HEADS, model.NUM_KV_HEADS, model.NUM_HEADS]
        assert (attention.rotary is not None) == model.ROTARY
        assert layer.up.in_features == layer.down.out_features == model.HIDDEN_SIZE


@pytest.mark.slow
def test_weights_are_frozen_float32_on_the_cpu(network: Any) -> None:
    kinds = {(weight.dtype, weight.device.type, weight.requires_grad) for weight in network.parameters()}

    assert kinds == {(torch.float32, "cpu", False)}
    assert not network.training


@pytest.mark.slow
def test_training_changes_its_weights_and_not_those_in_the_file(model: Any, network: Any) -> None:
    """Weights are mapped where the file allows it: a step must not write through."""
    before = {name: weight.clone() for name, weight in network.named_parameters()}
    inputs, mask = fed(model)
    network.requires_grad_(True)(inputs, mask).square().mean().backward()
    torch.optim.SGD(network.parameters(), lr=1.0).step()

    assert not torch.equal(network.attentions[0].q.weight, before["attentions.0.q.weight"])
    assert all(torch.equal(weight, before[name]) for name, weight in model.load().named_parameters())


@pytest.mark.slow
@torch.no_grad()
def test_hidden_states_have_a_row_a_token(model: Any, network: Any) -> None:
    inputs, mask = fed(model)
    hidden = network(inputs, mask)

    assert hidden.shape == (2, SEQ_LEN[model.SOURCE.name], model.HIDDEN_SIZE)
    assert network.pooled(hidden, mask).shape == (2, model.HIDDEN_SIZE * (2 if model.MODALITY == "vision" else 1))
    if model.CAUSAL:
        assert network.logits(hidden).shape == (2, SEQ_LEN[model.SOURCE.name], model.VOCABULARY)


@pytest.mark.slow
@torch.no_grad()
def test_an_exact_operator_put_in_leaves_it_the_same(model: Any, network: Any) -> None:
    inputs, mask = fed(model)
    before = network(inputs, mask)
    case = Case(
        operator="full_naive",
        scope="model",
        seq_len=SEQ_LEN[model.SOURCE.name],
        num_heads=model.NUM_HEADS,
        num_kv_heads=model.NUM_KV_HEADS,
        head_dim=model.HEAD_DIM,
        hidden_size=model.HIDDEN_SIZE,
        causal=model.CAUSAL,
        mask="none" if mask is None else "padding",
    )
    operator = operators.load("full_naive")
    assert operator.unsupported(case) is None
    for index, attention in enumerate(network.attentions):
        network.attentions[index] = operator.build_layer(case, attention, torch.Generator())

    there = torch.ones(inputs.shape[0], before.shape[1], dtype=torch.bool) if mask is None else mask
    assert largest((network(inputs, mask) - before)[there], before[there]) < ROUNDING


@pytest.mark.slow
@torch.no_grad()
def test_the_last_attention_replaced_changes_no_other(model: Any, network: Any) -> None:
    inputs, mask = fed(model)
    before, output = attention_inputs(network, inputs, mask), network(inputs, mask)
    network.attentions[-1].attend = lambda q, k, v, mask=None: torch.zeros_like(q)
    after = attention_inputs(network, inputs, mask)

    assert all(torch.equal(one.x, other.x) for one, other in zip(before, after, strict=True))
    assert largest(network(inputs, mask) - output, output) > 1e-3


@pytest.mark.slow
@torch.no_grad()
def test_float32_is_float64_to_its_rounding(model: Any, network: Any) -> None:
    inputs, mask = fed(model)
    single = network(inputs, mask)
    network.double()
    double = network(inputs.double() if inputs.is_floating_point() else inputs, mask)

    assert double.dtype == torch.float64
    assert largest(single - double, double) < ROUNDING


@pytest.mark.slow
def test_importing_starts_no_thread() -> None:
    """Workers are forked from a process that may have imported it all, whose BLAS the driver tells to be alone."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    environment.pop("OMP_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], env=environment, capture_output=True, text=True, check=True
    )

    assert int(done.stdout) == 1
