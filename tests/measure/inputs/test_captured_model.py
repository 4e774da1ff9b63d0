"""Captured inputs serve the shapes that their model has, refuse the others in words, and tell what to type."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from bench import data
from bench.case import Case
from bench.data import capture
from bench.data.fetch import fetch, with_needs
from bench.measure import inputs

MEMBERS = ("captured_minilm", "captured_minilm_first", "captured_minilm_last")


def case(**words: Any) -> Case:
    """Gives a case of MiniLM's shape, some words changed."""
    shape = {"operator": "sdpa", "seq_len": 128, "num_heads": 12, "head_dim": 32, "hidden_size": 384}
    return Case(**{**shape, "input": "captured_minilm", **words})


@pytest.fixture(scope="module")
def captures() -> None:
    """The captures of the usual lengths are there; the first time the data are downloaded."""
    for source in with_needs(["minilm"]):
        fetch(source)
    capture.prepare("minilm")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("captures")
@pytest.mark.parametrize("name", MEMBERS)
def test_q_k_and_v_have_a_cores_shapes_in_float64(name: str) -> None:
    tensors = inputs.load(name).tensors(case())

    expected = dict.fromkeys("qkv", ((1, 12, 128, 32), torch.float64))
    assert {each: (tuple(tensor.shape), tensor.dtype) for each, tensor in tensors.items()} == expected


@pytest.mark.usefixtures("captures")
@pytest.mark.parametrize("words", [{"scope": "layer"}, {"scope": "projection", "num_heads": None, "head_dim": None}])
def test_x_is_what_the_layers_projections_read(words: dict[str, Any]) -> None:
    tensors = inputs.load("captured_minilm").tensors(case(**words))

    assert {each: (tuple(tensor.shape), tensor.dtype) for each, tensor in tensors.items()} == {
        "x": ((1, 128, 384), torch.float64)
    }


@pytest.mark.usefixtures("captures")
def test_the_members_are_different_layers() -> None:
    q = [inputs.load(name).tensors(case())["q"] for name in MEMBERS]

    assert not torch.equal(q[0], q[1])
    assert not torch.equal(q[0], q[2])


@pytest.mark.usefixtures("captures")
def test_low_rank_serves_the_middle_layer_worse_than_the_last() -> None:
    """Eckart–Young error at rank 16, mean over heads: 0.26 against 0.03 here, 0.54 against 0.10 on 512 tokens."""
    errors = []
    for name in ("captured_minilm", "captured_minilm_last"):
        tensors = inputs.load(name).tensors(case())
        squares = torch.linalg.svdvals((tensors["q"] @ tensors["k"].mT / 32**0.5).softmax(-1)).square()
        errors.append((squares[..., 16:].sum(-1) / squares.sum(-1)).sqrt().mean().item())

    assert errors[0] > 2 * errors[1]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"seq_len": 1024}, "seq_len 1024 asked for; minilm has 3 to 512 tokens"),
        ({"seq_len": 2}, "seq_len 2 asked for; minilm has 3 to 512 tokens"),
        ({"batch_size": 17}, "batch_size 17 asked for; captured_minilm has up to 16 samples"),
        ({"hidden_size": 768, "head_dim": 64}, "hidden_size 768 asked for; captured_minilm has 384"),
        ({"num_heads": 6, "head_dim": 64}, "num_heads 6 asked for; captured_minilm has 12, of 32"),
        ({"num_kv_heads": 4}, "num_kv_heads 4 asked for; captured_minilm has 12"),
        (
            {"causal": True},
            "causal true asked for; captured_minilm is of a model whose attention has causal false",
        ),
        ({}, None),
        ({"scope": "projection", "num_heads": None, "head_dim": None}, None),
    ],
)
def test_what_the_model_does_not_have_is_said(words: dict[str, Any], reason: str | None) -> None:
    assert inputs.load("captured_minilm").unsupported(case(**words)) == reason


@pytest.mark.usefixtures("captures")
def test_with_the_data_there_nothing_is_absent() -> None:
    assert inputs.load("captured_minilm").absent(case()) is None


def test_without_the_data_it_says_what_to_type(empty: Path) -> None:
    assert (
        inputs.load("captured_minilm").absent(case())
        == f"minilm is not in {empty}; python -m bench data fetch minilm"
    )


def test_a_capture_alone_is_enough_for_its_length(empty: Path) -> None:
    path = capture.capture_path("minilm", 128)
    path.parent.mkdir()
    path.touch()

    member = inputs.load("captured_minilm")
    assert member.absent(case(seq_len=128)) is None
    assert member.absent(case(seq_len=127)) == f"minilm is not in {empty}; python -m bench data fetch minilm"


def test_without_the_packages_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)  # as Python marks a module that is not there

    reason = inputs.load("captured_minilm").absent(case())
    assert reason == "safetensors not installed; pip install safetensors"


def test_a_run_records_layer_model_and_text() -> None:
    recorded = inputs.load("captured_minilm_last").provenance()

    assert recorded == {
        "layer": 5,
        "definition": 2,
        "model": data.load("minilm").provenance(),
        "fed_with": {"prose": data.load("prose").provenance()},
    }


OTHERS = {
    "captured_smollm2": {"num_heads": 9, "num_kv_heads": 3, "head_dim": 64, "hidden_size": 576, "causal": True},
    "captured_dinov2": {"num_heads": 6, "head_dim": 64, "hidden_size": 384, "seq_len": 65},
    "captured_whisper": {"num_heads": 6, "head_dim": 64, "hidden_size": 384},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_every_model_s_capture_has_the_shapes_and_the_modality_that_it_says(name: str) -> None:
    asked = case(**{"seq_len": 32, "input": name, **OTHERS[name]})
    member = inputs.load(name)
    if reason := member.absent(asked):
        pytest.skip(reason)
    assert member.unsupported(asked) is None

    found = {each: tuple(tensor.shape) for each, tensor in member.tensors(asked).items()}
    keys = (1, asked.kv_heads, asked.seq_len, asked.head_dim)
    assert found == {"q": (1, asked.num_heads, asked.seq_len, asked.head_dim), "k": keys, "v": keys}


@pytest.mark.slow
def test_grouped_heads_are_repeated_where_a_case_has_as_many_key_heads_as_query_heads() -> None:
    member = inputs.load("captured_smollm2")
    grouped = case(**{"seq_len": 32, "input": "captured_smollm2", **OTHERS["captured_smollm2"]})
    if reason := member.absent(grouped):
        pytest.skip(reason)
    whole = grouped.replace(num_kv_heads=9)

    assert member.unsupported(whole) is None
    tensors, repeated = member.tensors(grouped), member.tensors(whole)
    for head in range(9):
        assert torch.equal(repeated["k"][:, head], tensors["k"][:, head // 3])


def test_the_modality_is_that_of_the_model() -> None:
    assert [inputs.load(name).modality for name in OTHERS] == ["language", "vision", "audio"]


def test_a_length_that_the_model_has_not_is_said() -> None:
    asked = case(**{"input": "captured_dinov2", **OTHERS["captured_dinov2"], "seq_len": 64})

    assert str(inputs.load("captured_dinov2").unsupported(asked)).startswith(
        "seq_len 64 asked for; dinov2 has 1 + m²"
    )
