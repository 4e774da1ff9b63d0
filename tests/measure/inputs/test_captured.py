"""A capture in the data folder is an input of a suite, under a name that its contents make, or says what it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.case import Case
from bench.data import captures
from bench.errors import UsageError
from bench.measure import inputs
from bench.measure.capturable import Subject
from bench.measure.capturing import capture

ABSENT = "captured_mine_n6_layer0_01234567"


class Grouped(nn.Module):
    """Attention of 4 heads of 5 over 2 of keys, over two samples of 6 tokens; the second layer is causal."""

    def forward(self, x: Tensor) -> None:
        q = x.unflatten(-1, (4, 5)).transpose(1, 2)
        for causal in (False, True):
            F.scaled_dot_product_attention(q, q[:, :2], q[:, 2:], is_causal=causal, enable_gqa=True)


def write(folder: Path, seed: int = 0, **words: Any) -> tuple[captures.Layer, ...]:
    """Captures `Grouped` over N(0, 1) into a data folder."""
    x = torch.randn(2, 6, 20, generator=torch.Generator().manual_seed(seed))
    subject = Subject(model="mine", name="mine", module=Grouped(), args=(x,), modality="language")
    made = capture(subject, **words)
    path = captures.folder(folder) / made.file_name
    captures.keep(made.data, path)
    return captures.layers_of(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    return tmp_path


def case_of(layer: captures.Layer, **words: Any) -> Case:
    """Gives a case that the layer fits, some words changed."""
    shape = {"num_heads": 4, "num_kv_heads": 2, "head_dim": 5, "hidden_size": 20, "seq_len": 6}
    given = {"operator": "sdpa", "provider": "torch", "input": layer.input, "causal": layer.causal, **shape}
    return Case(**{**given, **words})


def test_captures_on_this_machine_are_among_the_names(folder: Path) -> None:
    before = inputs.names()
    layers = write(folder)

    assert set(inputs.names()) == {*before, *(layer.input for layer in layers)}
    assert set(before) == set(inputs.catalogue.names())


def test_other_contents_are_another_input_and_another_case(folder: Path) -> None:
    one, other = write(folder)[0], write(folder, seed=1)[0]

    assert one.input != other.input
    assert case_of(one).case_hash != case_of(other).case_hash


def test_any_capture_s_name_is_an_input_s_and_no_path_is(folder: Path) -> None:
    assert captures.is_input(ABSENT)
    assert not captures.is_input("captured_../mine_layer0_01234567")
    assert not captures.is_input(str(write(folder)[0].path))


@pytest.mark.parametrize("half", [False, True])
def test_tensors_are_what_was_captured_in_float64(folder: Path, half: bool) -> None:
    layer = write(folder, half=half)[0]
    found = inputs.load(layer.input).tensors(case_of(layer, batch_size=2))

    x = torch.randn(2, 6, 20, generator=torch.Generator().manual_seed(0))
    q = x.unflatten(-1, (4, 5)).transpose(1, 2).to(torch.float16 if half else torch.float32).double()
    assert list(found) == ["q", "k", "v"]
    assert torch.equal(found["q"], q)
    assert torch.equal(found["k"], q[:, :2])
    assert torch.equal(found["v"], q[:, 2:])


def test_a_smaller_batch_is_its_first_samples(folder: Path) -> None:
    layer = write(folder)[0]
    one, two = (inputs.load(layer.input).tensors(case_of(layer, batch_size=size)) for size in (1, 2))

    assert torch.equal(one["v"], two["v"][:1])


def test_a_causal_capture_serves_shorter_samples_by_its_first_tokens(folder: Path) -> None:
    layer = write(folder)[1]
    short, whole = (inputs.load(layer.input).tensors(case_of(layer, seq_len=n)) for n in (4, 6))

    assert inputs.load(layer.input).unsupported(case_of(layer, seq_len=4)) is None
    assert torch.equal(short["k"], whole["k"][:, :, :4])


@pytest.mark.parametrize(
    ("index", "words", "reason"),
    [
        (0, {"seq_len": 4}, "seq_len 4 asked for; {} has 6"),
        (1, {"seq_len": 8}, "seq_len 8 asked for; {} has up to 6"),
        (0, {"batch_size": 3}, "batch_size 3 asked for; {} has 2"),
        (0, {"num_heads": 2, "head_dim": 10}, "num_heads 2 asked for; {} has 4, of 5"),
        (0, {"head_dim": 8, "hidden_size": 32}, "head_dim 8 asked for; {} has 5"),
        (0, {"num_kv_heads": None}, "num_kv_heads 4 asked for; {} has 2"),
        (0, {"causal": True}, "causal true asked for; {} is of a model whose attention has causal false"),
        (1, {"causal": False}, "causal false asked for; {} is of a model whose attention has causal true"),
        (0, {}, None),
        (1, {}, None),
    ],
)
def test_what_a_capture_does_not_have_is_said(
    folder: Path, index: int, words: dict[str, Any], reason: str | None
) -> None:
    layer = write(folder)[index]
    found = inputs.load(layer.input).unsupported(case_of(layer, **words))

    assert found == (reason and reason.format(layer.input))


def test_it_exists_at_scope_core(folder: Path) -> None:
    assert inputs.load(write(folder)[0].input).scopes == {"core"}


def test_an_absent_one_says_what_to_type_and_is_judged_by_nothing_else(folder: Path) -> None:
    member = inputs.load(ABSENT)

    right = "python -m bench capture --add FILE, or capture it"
    assert member.absent(case_of(write(folder)[0])) == f"{ABSENT} is not in {folder}/captures; {right}"
    assert member.unsupported(case_of(write(folder)[0])) is None
    assert member.modality == ""


def test_an_absent_one_has_no_tensors(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        inputs.load(ABSENT).tensors(case_of(write(folder)[0]))

    right = "python -m bench capture --add FILE, or capture it"
    assert str(caught.value) == f"{ABSENT}: {ABSENT} is not in {folder}/captures; {right}"


def test_a_run_records_layer_checksum_and_origin(folder: Path) -> None:
    layer = write(folder)[1]

    assert inputs.load(layer.input).provenance() == {
        "layer": 1,
        "module": "",
        "masked": False,
        "sha256": layer.sha256,
        "definition": captures.DEFINITION,
        "modality": "language",
    }


@pytest.mark.parametrize("name", ["captured_minilm", "captured_minilm_first", "captured_minilm_last"])
def test_captured_minilm_is_about_language(name: str) -> None:
    assert inputs.load(name).modality == "language"


def test_a_capture_has_the_modality_of_what_was_fed(folder: Path) -> None:
    assert inputs.load(write(folder)[0].input).modality == "language"
