"""A GGUF file, written by the package itself, gives its tensors decoded and the tokenizer that it describes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

gguf = pytest.importorskip("gguf")

from bench.data.models._gguf import Contents  # noqa: E402

TOKENS = ["<end>", "a", "b", "1", "2", "Ġ", "ab", "Ġab", "12"]
NORMAL, CONTROL = 1, 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    draws = np.random.default_rng(0)
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_token_list(TOKENS)
    writer.add_token_types([CONTROL, *[NORMAL] * (len(TOKENS) - 1)])
    writer.add_token_merges(["a b", "Ġ ab", "1 2"])
    writer.add_tensor("norm", np.arange(4, dtype=np.float32))
    weight = draws.standard_normal((2, 64)).astype(np.float32)
    for name, kind in (("eight", "Q8_0"), ("four", "Q4_1")):
        kind = getattr(gguf.GGMLQuantizationType, kind)
        writer.add_tensor(name, gguf.quants.quantize(weight, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "model.gguf"


def test_a_quantised_tensor_is_within_half_a_step_of_what_was_stored(path: Path) -> None:
    weight = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 64)).astype(np.float32))
    found = Contents(path).tensors()
    blocks = weight.unflatten(1, (-1, 32))
    eight = blocks.abs().amax(-1, keepdim=True) / 127
    four = (blocks.amax(-1, keepdim=True) - blocks.amin(-1, keepdim=True)) / 15

    for name, step in (("eight", eight), ("four", four)):
        assert ((found[name].unflatten(1, (-1, 32)) - blocks).abs() <= 0.51 * step).all()  # scales are float16


def test_tensors_are_float32_and_may_be_trained(path: Path) -> None:
    found = Contents(path).tensors()

    assert {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in found.items()} == {
        "norm": (torch.float32, (4,)),
        "eight": (torch.float32, (2, 64)),
        "four": (torch.float32, (2, 64)),
    }
    assert found["norm"].add_(1).tolist() == [1, 2, 3, 4]


def test_the_tokenizer_merges_letters_and_keeps_digits_apart(path: Path) -> None:
    tokenizer = Contents(path).tokenizer()

    assert tokenizer.encode("ab ab 12<end>").tokens == ["ab", "Ġab", "Ġ", "1", "2", "<end>"]
    assert tokenizer.decode([TOKENS.index(token) for token in ("ab", "Ġab")]) == "ab ab"
