"""Captures are found by their headers, named by their contents, and verified; a plan needs no tensor of them."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save

from bench.data import captures
from bench.errors import StoreError, UsageError

REMEDY = "remove it, and bench capture --add the file again or capture anew"


def tensors(seed: int = 0, dtype: type = np.float32) -> dict[str, NDArray[Any]]:
    """Gives q of 4 heads, k and v of 2, 5 tokens of width 3."""
    draw = np.random.default_rng(seed)
    shapes = {"q": (1, 4, 5, 3), "k": (1, 2, 5, 3), "v": (1, 2, 5, 3)}
    return {name: draw.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def capture(*layers: dict[str, NDArray[Any]], **words: Any) -> bytes:
    """Gives the bytes of a capture of some layers; `words` go into its metadata."""
    facts = {}
    for index, layer in enumerate(layers):
        shapes = {name: tensor.shape for name, tensor in layer.items()}
        data = {name: tensor.tobytes() for name, tensor in layer.items()}
        sha256 = captures.digest(str(layer["q"].dtype), shapes, data)
        facts[str(index)] = {"module": f"layers.{index}", "causal": index == 1, "masked": False, "sha256": sha256}
    about = {"definition": captures.DEFINITION, "name": "mine", "modality": "language", "layers": facts, **words}
    stored = {f"{index}.{name}": tensor for index, layer in enumerate(layers) for name, tensor in layer.items()}
    return save(stored, {"bench": json.dumps(about)})


def layers_in(folder: Path, data: bytes) -> tuple[captures.Layer, ...]:
    """Gives the layers of a capture that is written into a folder."""
    path = folder / "whole.safetensors"
    path.write_bytes(data)
    return captures.layers_of(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two layers, outside the data folder."""
    path = tmp_path / "elsewhere.safetensors"
    path.write_bytes(capture(tensors(0), tensors(1)))
    return path


def test_a_file_s_layers_say_what_they_are(path: Path) -> None:
    first, second = captures.layers_of(path)

    assert (first.batch_size, first.num_heads, first.num_kv_heads, first.seq_len, first.head_dim) == (1, 4, 2, 5, 3)
    assert (first.index, first.module, first.causal, second.index, second.causal) == (0, "layers.0", False, 1, True)
    assert first.origin == {"definition": captures.DEFINITION, "modality": "language"}
    assert first.dtype == "float32"


def test_the_digest_is_of_names_dtype_shapes_and_bytes() -> None:
    given = {"q": b"\0\1", "k": b"\2", "v": b"\3"}
    shapes = {"q": (1, 2), "k": (1, 1), "v": [1, 1]}

    text = b"q float16 [1, 2]\n\0\1k float16 [1, 1]\n\2v float16 [1, 1]\n\3"
    assert captures.digest("float16", shapes, given) == hashlib.sha256(text).hexdigest()


def test_an_input_is_named_by_capture_layer_and_contents(path: Path) -> None:
    first, second = captures.layers_of(path)

    assert first.input == f"captured_mine_layer0_{first.sha256[:8]}"
    assert second.input == f"captured_mine_layer1_{second.sha256[:8]}"
    assert captures.is_input(first.input)


@pytest.mark.parametrize(
    "name",
    ["captured_minilm", "captured_mine_layer0", "captured_mine_layer0_0123456", "captured_../x_layer0_01234567"],
)
def test_other_names_are_no_captures(name: str) -> None:
    assert not captures.is_input(name)


def test_what_is_read_are_the_bytes_that_were_stored(path: Path) -> None:
    found = captures.layers_of(path)[1].read()

    assert found == {name: tensor.tobytes() for name, tensor in tensors(1).items()}


def test_float16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    path.write_bytes(capture(tensors(dtype=np.float16)))
    (layer,) = captures.layers_of(path)

    assert layer.dtype == "float16"
    assert layer.read()["v"] == tensors(dtype=np.float16)["v"].tobytes()


def test_what_is_added_is_listed_under_a_name_that_its_contents_make(path: Path, tmp_path: Path) -> None:
    added = captures.add(path, tmp_path)

    assert captures.listed(tmp_path) == {layer.input: layer for layer in added}
    assert added[0].path.parent == tmp_path / "captures"
    assert added[0].path.name == captures.file_name("mine", [layer.sha256 for layer in added])
    assert added[0].path.read_bytes() == path.read_bytes()
    assert [each.name for each in added[0].path.parent.iterdir()] == [added[0].path.name]


def test_added_twice_is_there_once(path: Path, tmp_path: Path) -> None:
    assert captures.add(path, tmp_path) == captures.add(path, tmp_path)
    assert len(captures.listed(tmp_path)) == 2


def test_nothing_is_listed_where_there_is_no_folder(tmp_path: Path) -> None:
    assert captures.listed(tmp_path) == {}


def test_a_capture_that_comes_while_the_process_runs_is_listed(path: Path, tmp_path: Path) -> None:
    captures.listed(tmp_path)
    captures.add(path, tmp_path)
    path.write_bytes(capture(tensors(7), name="other"))
    captures.add(path, tmp_path)

    assert {layer.name for layer in captures.listed(tmp_path).values()} == {"mine", "other"}


def test_the_files_of_captured_minilm_are_not_listed(tmp_path: Path) -> None:
    folder = captures.folder(tmp_path)
    folder.mkdir()
    (folder / "minilm-n128-b1-0123456789ab.safetensors").touch()

    assert captures.listed(tmp_path) == {}


def test_an_absent_one_is_told_with_what_to_type(path: Path, tmp_path: Path) -> None:
    name = captures.layers_of(path)[0].input
    before = captures.absent(name, tmp_path)
    captures.add(path, tmp_path)

    right = "python -m bench capture --add FILE, or capture it"
    assert before == f"{name} is not in {tmp_path}/captures; {right}"
    assert captures.absent(name, tmp_path) is None


def test_changed_tensors_are_not_added(path: Path, tmp_path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    with pytest.raises(UsageError) as caught:
        captures.add(path, tmp_path)
    assert str(caught.value) == f"{path}: the tensors of layer 1 have changed; {REMEDY}"
    assert captures.listed(tmp_path) == {}


def test_tensors_that_change_under_their_name_are_not_read(path: Path, tmp_path: Path) -> None:
    layer = captures.add(path, tmp_path)[0]
    data = bytearray(layer.path.read_bytes())
    data[layer.spans["k"][0]] ^= 1
    layer.path.write_bytes(data)

    with pytest.raises(UsageError, match="the tensors of layer 0 have changed"):
        captures.listed(tmp_path)[layer.input].read()


def damaged(way: str) -> bytes:
    whole = capture(tensors())
    if way == "cut":
        return whole[:-1]
    if way == "short":
        return whole[:5]
    if way == "header":
        return struct.pack("<Q", 1 << 40) + whole[8:]
    if way == "another":
        return save(tensors())
    if way == "definition":
        return capture(tensors(), definition=0)
    if way == "name":
        return capture(tensors(), name="../x")
    return capture({**tensors(), "v": tensors()["v"][..., :2]})


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("cut", "ValueError: 0.v has not the bytes that its shape needs"),
        ("short", "ValueError: it ends before its header"),
        ("header", f"ValueError: a header of {1 << 40} bytes"),
        ("another", "KeyError: '__metadata__'"),
        ("definition", f"ValueError: definition 0, this bench reads {captures.DEFINITION}"),
        ("name", "ValueError: 'captured_../x_layer0_HASH' is no name for an input"),
        ("shape", "ValueError: layer 0 has q, k, v of shapes (1, 4, 5, 3), (1, 2, 5, 3), (1, 2, 5, 2)"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, way: str, reason: str) -> None:
    path = captures.folder(tmp_path) / "captured_mine-0.safetensors"
    path.parent.mkdir()
    path.write_bytes(damaged(way))
    (sha256,) = (layer.sha256 for layer in layers_in(tmp_path, capture(tensors())))

    with pytest.raises(UsageError) as caught:
        captures.listed(tmp_path)
    expected = reason.replace("HASH", sha256[:8])
    assert str(caught.value) == f"{path}: is no capture, or damaged ({expected}); {REMEDY}"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"

    with pytest.raises(UsageError) as caught:
        captures.add(path, tmp_path)
    right = "a file that bench capture made"
    assert str(caught.value) == f"{path}: cannot be read (No such file or directory); {right}"


def test_a_folder_that_cannot_be_written_is_told(path: Path, tmp_path: Path) -> None:
    (tmp_path / "captures").write_text("a file")
    target = tmp_path / "captures" / captures.file_name("mine", [layer.sha256 for layer in captures.layers_of(path)])

    with pytest.raises(StoreError) as caught:
        captures.add(path, tmp_path)
    right = "--output FILE elsewhere, or BENCH_DATA=DIR"
    assert str(caught.value) == f"{target}: cannot be written (File exists); {right}"


def test_listing_needs_neither_torch_nor_safetensors_nor_numpy(path: Path, tmp_path: Path) -> None:
    (name, _) = (layer.input for layer in captures.add(path, tmp_path))
    code = "import sys; from bench.measure import inputs; print(*inputs.names(), *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={"BENCH_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    words = set(done.stdout.split())
    assert name in words
    assert not words & {"torch", "safetensors", "numpy"}


PACK = Path(__file__).parents[2] / "results" / "reference" / "captures"


def test_the_pack_beside_the_reference_results_is_whole_and_told() -> None:
    told = (PACK / "README.md").read_text(encoding="utf-8")
    files = sorted(PACK.glob("*.safetensors"))
    layers = [layer for path in files for layer in captures.layers_of(path)]

    assert len(layers) == 9
    assert {layer.origin["modality"] for layer in layers} == {"language", "vision", "audio"}
    assert all(layer.dtype == "float16" and layer.read() and layer.input in told for layer in layers)
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() in told for path in files)
    assert sum(path.stat().st_size for path in PACK.iterdir()) < 20_000_000
