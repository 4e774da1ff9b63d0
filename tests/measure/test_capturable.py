"""A word of the command line becomes a module and what it is called with, or is told what it is not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.data import models
from bench.errors import UsageError
from bench.measure.capturable import Subject, subject
from bench.measure.material import Material

TEXT = Material("language", "In the beginning was the word. " * 40, "john.txt", "5" * 64)
IMAGE = Material("vision", np.zeros((20, 30, 3), np.uint8), "black.png", "6" * 64)
SOUND = Material("audio", np.zeros(48_000, np.float32), "silence.wav", "7" * 64)


class Reader(nn.Module):
    """Reads the text itself."""

    def forward(self, text: str) -> Tensor:
        return torch.tensor(list(text.encode()))


def bringing_a_tensor() -> tuple[nn.Module, Tensor]:
    return nn.Linear(2, 2), torch.ones(1, 2)


def bringing_several() -> tuple[nn.Module, tuple[Tensor, Tensor]]:
    return nn.Bilinear(2, 2, 2), (torch.ones(1, 2), torch.ones(1, 2))


def bringing_names() -> tuple[nn.Module, dict[str, Tensor]]:
    return nn.Linear(2, 2), {"input": torch.ones(1, 2)}


def reading(given: Any) -> tuple[nn.Module, Tensor]:
    return nn.Identity(), torch.tensor(given.shape if isinstance(given, Tensor) else [len(given)])


def module_alone() -> nn.Module:
    return Reader()


def no_module() -> str:
    return "attention"


def failing() -> nn.Module:
    raise RuntimeError("no weights\nhere")


def of(factory: str, material: Material | None = None, **words: Any) -> Subject:
    return subject(f"{__name__}:{factory}", material, **words)


def told(model: str, material: Material | None = None, **words: Any) -> str:
    with pytest.raises(UsageError) as caught:
        subject(model, material, **words)
    return str(caught.value)


@pytest.mark.parametrize(
    ("factory", "args", "names"),
    [("bringing_a_tensor", 1, []), ("bringing_several", 2, []), ("bringing_names", 0, ["input"])],
)
def test_a_factory_brings_a_module_and_its_inputs(factory: str, args: int, names: list[str]) -> None:
    found = of(factory)

    assert (len(found.args), list(found.kwargs), found.modality) == (args, names, "")
    assert found.module(*found.args, **found.kwargs).shape == (1, 2)


@pytest.mark.parametrize(
    ("material", "expected"),
    [(TEXT, [1240]), (IMAGE, [20, 30, 3]), (SOUND, [48_000])],
    ids=["text", "image", "sound"],
)
def test_a_factory_is_given_what_it_takes(material: Material, expected: list[int]) -> None:
    found = of("reading", material)

    assert found.args[0].tolist() == expected
    assert found.modality == material.modality


def test_a_class_is_a_factory() -> None:
    assert isinstance(of("Reader", TEXT).module, Reader)


def test_a_module_alone_reads_the_file_itself() -> None:
    found = of("module_alone", TEXT)

    assert found.module(*found.args).tolist() == list(str(TEXT.content).encode())


def test_what_is_recorded_tells_model_weights_inputs_and_file() -> None:
    torch.manual_seed(0)
    found = of("bringing_a_tensor")
    weight, bias = found.module.weight, found.module.bias
    told_of = b"weight torch.float32 [2, 2]\n" + weight.detach().numpy().tobytes()
    told_of += b"bias torch.float32 [2]\n" + bias.detach().numpy().tobytes()

    assert found.origin == {
        "model": f"{__name__}:bringing_a_tensor",
        "versions": {"torch": torch.__version__},
        "fed_with": None,
        "inputs_sha256": hashlib.sha256(b"0 torch.float32 [1, 2]\n" + torch.ones(1, 2).numpy().tobytes()).hexdigest(),
        "weights_sha256": hashlib.sha256(told_of).hexdigest(),
    }
    assert of("reading", TEXT).origin["fed_with"] == {"file": "john.txt", "sha256": "5" * 64}


def test_a_name_is_made_of_letters_digits_and_underscores() -> None:
    assert of("bringing_a_tensor").name == "bringing_a_tensor"
    assert of("Reader", TEXT).name == "reader"


@pytest.mark.parametrize(
    ("factory", "material", "reason"),
    [
        ("reading", None, "takes what its module is to read; --text FILE, --image FILE, --audio FILE"),
        ("bringing_a_tensor", TEXT, "brings its own inputs; leave --text FILE out"),
        (
            "module_alone",
            None,
            "gives a module and nothing to call it with; (module, inputs), or --text FILE, --image FILE, "
            "--audio FILE",
        ),
        ("no_module", None, "gives str; a torch.nn.Module, or (module, inputs)"),
        ("failing", None, "cannot be used (RuntimeError: no weights here)"),
        ("absent", None, f"cannot be used (AttributeError: module {__name__!r} has no attribute 'absent')"),
    ],
)
def test_what_is_wrong_with_a_factory_is_told(factory: str, material: Material | None, reason: str) -> None:
    assert told(f"{__name__}:{factory}", material) == f"{__name__}:{factory}: {reason}"


def test_a_module_that_is_not_there_is_told() -> None:
    reason = "cannot be used (ModuleNotFoundError: No module named 'no_such_package')"

    assert told("no_such_package:model") == f"no_such_package:model: {reason}"


def test_a_factory_decides_its_length_itself() -> None:
    model = f"{__name__}:reading"

    reason = told(model, TEXT, seq_len=128)
    assert reason == f"--seq-len: {model} decides how many tokens there are; leave it out"


def test_an_unknown_word_is_told_with_the_nearest_of_ours() -> None:
    found = "is no folder, no package.module:factory, and none of our models"

    assert told("minlm", TEXT) == f"minlm: {found}; did you mean 'minilm'?"


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    pytest.importorskip("transformers")

    assert told(str(tmp_path), TEXT) == f"{tmp_path}: has no config.json; a folder that save_pretrained wrote"


@pytest.fixture
def vit(tmp_path: Path) -> Path:
    """A folder of a vision transformer of 16 patches that was saved without its pooler."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("PIL")
    folder = tmp_path / "Tiny ViT"
    shape = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 8}
    config = transformers.ViTConfig(**shape, image_size=16, patch_size=4)
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


@pytest.mark.slow
def test_a_folder_is_fed_by_its_own_processor_and_tells_which_weights_it_lacks(vit: Path) -> None:
    found, again = subject(str(vit), IMAGE), subject(str(vit), IMAGE)

    drawn = ["pooler.dense.bias", "pooler.dense.weight"]
    assert (found.name, found.kwargs["pixel_values"].shape) == ("tiny_vit", (1, 3, 16, 16))
    assert (found.origin["model"], found.origin["architecture"]) == ("Tiny ViT", "ViTModel")
    assert found.origin["drawn"] == drawn
    assert found.notices == (f"{vit} lacks weights, which are drawn at random: {', '.join(drawn)}",)
    assert found.origin["weights_sha256"] == again.origin["weights_sha256"]


@pytest.mark.slow
def test_what_a_folder_s_model_does_not_read_is_told(vit: Path) -> None:
    assert told(str(vit), TEXT) == f"{vit}: is a model of vision; --image FILE"
    assert told(str(vit), None) == f"{vit}: has nothing to read; --text FILE, --image FILE, --audio FILE"


def test_ours_without_their_data_are_told_with_what_to_type(tmp_path: Path) -> None:
    expected = f"minilm: minilm is not in {tmp_path}; python -m bench data fetch minilm"

    assert told("minilm", TEXT, into=tmp_path) == expected


def need(name: str) -> None:
    """Skips the test where one of our models cannot be loaded here."""
    member = models.load(name)
    reason = member.lacking() or member.SOURCE.absent()
    if reason:
        pytest.skip(reason)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "material", "seq_len", "shape"),
    [
        ("minilm", TEXT, 64, (1, 64)),
        ("smollm2", TEXT, 64, (1, 64)),
        ("dinov2", IMAGE, 65, (1, 3, 112, 112)),
        ("whisper", SOUND, 100, (1, 80, 200)),
    ],
)
def test_ours_are_fed_with_as_many_tokens_as_asked_for(
    name: str, material: Material, seq_len: int, shape: tuple[int, ...]
) -> None:
    need(name)
    found = subject(name, material, seq_len=seq_len)

    assert tuple(found.args[0].shape) == shape
    assert (found.name, found.ours, found.modality) == (name, True, material.modality)


@pytest.mark.slow
def test_without_a_length_a_short_text_is_taken_whole_and_never_padded() -> None:
    """280 words of the text and as many full stops as sentences, [CLS] and [SEP]: 40 × 7 + 2."""
    need("minilm")

    assert subject("minilm", TEXT).args[0].shape == (1, 40 * 7 + 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "material", "seq_len", "reason"),
    [
        ("minilm", IMAGE, None, "minilm: is a model of language; --text FILE"),
        ("minilm", None, None, "minilm: is a model of language; --text FILE"),
        ("minilm", TEXT, 513, "--seq-len 513: seq_len 513 asked for; minilm has 3 to 512 tokens"),
        ("minilm", TEXT, 400, "john.txt: makes 282 tokens; --seq-len 282, or a longer one"),
        ("whisper", SOUND, 1500, "silence.wav: makes 150 tokens; --seq-len 150, or a longer one"),
    ],
)
def test_what_does_not_fit_one_of_ours_is_told(
    name: str, material: Material | None, seq_len: int | None, reason: str
) -> None:
    need(name)

    assert told(name, material, seq_len=seq_len) == reason
