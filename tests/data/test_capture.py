"""A capture is what the attention of each layer is given, the same whatever the batch, made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file

from bench.data import capture
from bench.data.models import minilm
from bench.data.sets import prose
from bench.errors import StoreError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(fetched: None, tmp_path: Path) -> Path:
    """A data folder with the real model and text, and no capture yet."""
    for source in (minilm.SOURCE, prose.SOURCE):
        source.folder(tmp_path).symlink_to(source.folder(), target_is_directory=True)
    return tmp_path


def test_every_layer_has_x_q_k_and_v_in_float32(folder: Path) -> None:
    tensors = load_file(capture.capture("minilm", 16, 2, folder))

    heads = (2, 12, 16, 32)
    shapes = {"x": (2, 16, 384), "q": heads, "k": heads, "v": heads}
    expected = {f"{layer}.{name}": (shape, torch.float32) for layer in range(6) for name, shape in shapes.items()}
    assert {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()} == expected


def test_a_sample_is_the_same_whatever_the_batch(folder: Path) -> None:
    one, two = (load_file(capture.capture("minilm", 16, batch_size, folder)) for batch_size in (1, 2))

    assert all(torch.equal(one[name][0], two[name][0]) for name in one)


def test_samples_are_different_text(folder: Path) -> None:
    x = load_file(capture.capture("minilm", 16, 2, folder))["0.x"]

    assert not torch.equal(x[0], x[1])


def test_a_shorter_capture_is_no_part_of_a_longer_one(folder: Path) -> None:
    short, long = (load_file(capture.capture("minilm", seq_len, 1, folder)) for seq_len in (16, 32))

    assert torch.equal(short["0.x"][0, :15], long["0.x"][0, :15])  # the same words; the 16th is [SEP]
    assert not torch.allclose(short["5.x"][0, :15], long["5.x"][0, :15], atol=0.1)


def test_attention_over_what_was_captured_gives_the_next_layers_input(folder: Path) -> None:
    tensors = load_file(capture.capture("minilm", 16, 1, folder))
    network = minilm.load(folder)
    attention, layer = cast(Any, network.attentions[2]), cast(Any, network.layers[2])
    q, k, v = (tensors[f"2.{name}"] for name in "qkv")

    heads = (q @ k.mT / 32**0.5).softmax(-1) @ v
    x = layer.attention_norm(tensors["2.x"] + attention.join(heads))
    following = layer.norm(x + layer.down(torch.nn.functional.gelu(layer.up(x))))
    # float32: values to 6, sums of up to 1536 products, each rounded to 6e-8
    assert torch.allclose(following, tensors["3.x"], atol=6 * 1536**0.5 * 6e-8)


def test_a_capture_is_made_once(folder: Path) -> None:
    path = capture.capture("minilm", 16, 1, folder)
    made = path.stat()
    capture.capture("minilm", 16, 1, folder)

    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)


def test_two_who_ask_at_once_get_one_whole_file(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: capture.capture("minilm", 16, 1, folder), range(2)))

    assert paths[0] == paths[1]
    assert sorted(path.name for path in (folder / "captures").iterdir()) == [".lock", paths[0].name]


def test_the_usual_lengths_are_captured_ahead(folder: Path) -> None:
    paths = capture.prepare("minilm", folder)

    assert [tuple(load_file(path)["2.q"].shape) for path in paths] == [(1, 12, n, 32) for n in (128, 256, 512)]


def test_nothing_is_captured_from_changed_files(folder: Path) -> None:
    source = prose.SOURCE
    path = folder / "other" / f"prose-{source.version}" / source.files[0].path
    path.parent.mkdir(parents=True)
    path.write_text("x = 'In the beginning'\n")
    minilm.SOURCE.folder(folder / "other").symlink_to(minilm.SOURCE.folder())

    with pytest.raises(UsageError, match=rf"{path}: its sha256 is"):
        capture.capture("minilm", 16, 1, folder / "other")


def test_absent_data_are_told_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        capture.capture("minilm", 16, 1, tmp_path)

    assert str(caught.value) == f"minilm: is not in {tmp_path}; python -m bench data fetch minilm"


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder / "captures").write_text("a file")
    path = capture.capture_path("minilm", 16, 1, folder)

    with pytest.raises(StoreError) as caught:
        capture.capture("minilm", 16, 1, folder)
    assert str(caught.value) == f"{path}: cannot be written (File exists); mend that, or BENCH_DATA=DIR"
