"""CTranslate2's container is read to the last byte, as its own writer writes it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.data.models import _ctranslate2

TYPES = ("float32", "int8", "int16", "int32", "float16")


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def container(variables: dict[str, NDArray[Any]], aliases: dict[str, str], version: int = 6) -> bytes:
    """Writes one as `ModelSpec._serialize` does (CTranslate2 4.x, python/ctranslate2/specs/model_spec.py)."""
    written = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, values in variables.items():
        written += text(name) + struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        written += struct.pack("<BI", TYPES.index(values.dtype.name), values.nbytes) + values.tobytes()
    written += struct.pack("<I", len(aliases))
    return written + b"".join(text(alias) + text(name) for alias, name in aliases.items())


@pytest.mark.parametrize("dtype", TYPES)
def test_an_array_comes_back_as_it_was_written(tmp_path: Path, dtype: str) -> None:
    values = np.arange(6, dtype=dtype).reshape(2, 3)
    (tmp_path / "model.bin").write_bytes(container({"encoder/conv1/weight": values}, {}))
    (found,) = _ctranslate2.read(tmp_path / "model.bin").items()

    assert (found[0], found[1].dtype, found[1].tolist()) == ("encoder/conv1/weight", values.dtype, values.tolist())


def test_a_setting_is_an_array_without_axes(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(container({"decoder/num_heads": np.array(6, "int16")}, {}))
    found = _ctranslate2.read(tmp_path / "model.bin")

    assert (found["decoder/num_heads"].shape, int(found["decoder/num_heads"])) == ((), 6)


def test_an_alias_is_the_array_that_it_names(tmp_path: Path) -> None:
    tokens = np.ones((2, 2), "float16")
    aliases = {"decoder/projection/weight": "decoder/embeddings/weight"}
    (tmp_path / "model.bin").write_bytes(container({"decoder/embeddings/weight": tokens}, aliases))
    found = _ctranslate2.read(tmp_path / "model.bin")

    assert found["decoder/projection/weight"] is found["decoder/embeddings/weight"]


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(container({}, {}, version=5))

    with pytest.raises(ValueError, match="version 5 of CTranslate2's container; 6 is read here"):
        _ctranslate2.read(path)


def test_bytes_after_the_end_are_told(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(container({}, {}) + b"\0")

    with pytest.raises(ValueError, match="bytes after the last alias"):
        _ctranslate2.read(path)
