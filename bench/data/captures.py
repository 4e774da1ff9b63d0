"""Captured q, k, v as files: what lies in the data folder's ``captures``, and under which names suites use it.

In: the safetensors files that `bench capture` makes. Out: a `Layer` for each layer that one holds, by the name of the
input that it is: ``captured_NAME_layerN_HASH``. The hash is of the tensors, so that other tensors are another input
and another case. A plan asks for names, so a header is read by hand: no torch, no safetensors, no tensor.

A file has ``N.q [b, h, n, c]``, ``N.k`` and ``N.v [b, g, n, c]`` for each layer N, float32 or float16, and one entry
of metadata, ``bench``: JSON that says of what they are and, for each layer, what its attention did with them.

Source: the format is that of safetensors: eight bytes of length, little-endian, a JSON header, then the data.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import os
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.data.source import data_folder
from bench.errors import StoreError, UsageError

__all__ = [
    "DEFINITION",
    "INPUT_NAME",
    "NAME",
    "NAMES",
    "Layer",
    "absent",
    "add",
    "digest",
    "file_name",
    "folder",
    "is_input",
    "keep",
    "layers_of",
    "listed",
]

# Of a file's contents: raise it when the same words in the metadata come to mean something else.
# 1: first.
DEFINITION = 1

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a capture may be called; it is a part of file names, and of inputs' names in suites."""

NAMES = ("q", "k", "v")
"""The tensors of a layer."""

INPUT_NAME = r"captured_[a-z][a-z0-9_]{0,39}_layer[0-9]+_[0-9a-f]{8}"
"""How the inputs of captures are called, as a regular expression."""

_LONGEST_HEADER = 1 << 24
_REMEDY = "remove it, and bench capture --add the file again or capture anew"
_DTYPES = {"F32": ("float32", 4), "F16": ("float16", 2)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What the attention of one layer was given, in a file."""

    path: Path
    """The file."""
    name: str
    """The capture's name, shared by the layers of a file."""
    index: int
    """Which call of an attention it was, from 0."""
    module: str
    """The part of the model that called it; empty where no module did."""
    causal: bool
    """Whether a token saw only itself and those before it."""
    masked: bool
    """Whether a mask hid anything else, or a bias shifted it: neither is kept, so attention over q, k, v lacks it."""
    sha256: str
    """Of the tensors, as `digest` takes it."""
    dtype: str
    """`float32` or `float16`."""
    shapes: Mapping[str, tuple[int, ...]]
    """q ``(b, h, n, c)``, k and v ``(b, g, n, c)``."""
    spans: Mapping[str, tuple[int, int]]
    """Where in the file q, k and v begin and end, in bytes."""
    origin: Mapping[str, Any]
    """Of what the capture is: model, weights, text, versions of packages."""

    @property
    def input(self) -> str:
        """The name by which a suite takes it."""
        return f"captured_{self.name}_layer{self.index}_{self.sha256[:8]}"

    @property
    def batch_size(self) -> int:
        """Samples, b."""
        return self.shapes["q"][0]

    @property
    def num_heads(self) -> int:
        """Query heads, h."""
        return self.shapes["q"][1]

    @property
    def num_kv_heads(self) -> int:
        """Key and value heads, g."""
        return self.shapes["k"][1]

    @property
    def seq_len(self) -> int:
        """Tokens, n."""
        return self.shapes["q"][2]

    @property
    def head_dim(self) -> int:
        """Width of a head, c."""
        return self.shapes["q"][3]

    def read(self) -> dict[str, bytes]:
        """Gives the bytes of q, k and v.

        Raises:
            UsageError: they are not those that the file's own checksum was taken of, or the file is gone.
        """
        try:
            with self.path.open("rb") as file:
                found = {name: _span(file, *self.spans[name]) for name in NAMES}
        except OSError as error:
            raise UsageError(str(self.path), f"cannot be read ({error.strerror})", _REMEDY) from error
        if digest(self.dtype, self.shapes, found) != self.sha256:
            raise UsageError(str(self.path), f"the tensors of layer {self.index} have changed", _REMEDY)
        return found


def is_input(name: str) -> bool:
    """Gives whether a name has the form of a captured input's, be it on this machine or not."""
    return re.fullmatch(INPUT_NAME, name) is not None


def folder(into: str | Path | None = None) -> Path:
    """Gives the folder of captures under the data folder."""
    return data_folder(into) / "captures"


def absent(name: str, into: str | Path | None = None) -> str | None:
    """Gives why a captured input cannot be used and what to type, or nothing."""
    if name in listed(into):
        return None
    return f"{name} is not in {folder(into)}; python -m bench capture --add FILE, or capture it"


def listed(into: str | Path | None = None) -> dict[str, Layer]:
    """Gives the captured inputs that are on this machine, by name; looks at headers only.

    Raises:
        UsageError: a file among them is no capture, or is damaged.
    """
    found: dict[str, Layer] = {}
    for path in sorted(folder(into).glob("captured_*.safetensors")):  # `bench.data.capture` keeps others there
        stat = path.stat()
        for layer in _layers_at(path, stat.st_ino, stat.st_mtime_ns, stat.st_size):
            found[layer.input] = layer
    return found


@functools.lru_cache(maxsize=256)  # each case of a suite asks anew
def _layers_at(path: Path, _inode: int, _mtime_ns: int, _size: int) -> tuple[Layer, ...]:
    return layers_of(path)


def layers_of(path: Path) -> tuple[Layer, ...]:
    """Gives the layers of a file, from its header alone.

    Raises:
        UsageError: it is no capture, or is damaged.
    """
    try:
        header, start = _header(path)
        about = json.loads(header["__metadata__"]["bench"])
        if about["definition"] != DEFINITION:
            raise ValueError(f"definition {about['definition']}, this bench reads {DEFINITION}")
        layers = tuple(_layer(path, header, start, about, index) for index in sorted(about["layers"], key=int))
        if not layers:
            raise ValueError("no layer")
        return layers
    except OSError as error:
        raise UsageError(str(path), f"cannot be read ({error.strerror})", "a file that bench capture made") from error
    except (LookupError, TypeError, ValueError) as error:
        found = f"is no capture, or damaged ({type(error).__name__}: {error})"
        raise UsageError(str(path), found, _REMEDY) from error


def add(path: Path, into: str | Path | None = None) -> tuple[Layer, ...]:
    """Copies a capture into the data folder, every tensor verified, and gives its layers there.

    Raises:
        UsageError: it is no capture, or its tensors are not those that it was made with.
        StoreError: the data folder cannot be written.
    """
    layers = layers_of(path)
    for layer in layers:
        layer.read()
    target = folder(into) / file_name(layers[0].name, [layer.sha256 for layer in layers])
    keep(path.read_bytes(), target)
    return layers_of(target)


def file_name(name: str, sha256s: Sequence[str]) -> str:
    """Gives how a capture's file is called: its name, and a hash of its layers'."""
    return f"captured_{name}-{hashlib.sha256(' '.join(sha256s).encode()).hexdigest()[:12]}.safetensors"


def keep(data: bytes, path: Path) -> None:
    """Writes a file whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        found = f"cannot be written ({error.strerror})"
        raise StoreError(str(path), found, "--output FILE elsewhere, or BENCH_DATA=DIR") from error


def digest(dtype: str, shapes: Mapping[str, Sequence[int]], data: Mapping[str, bytes]) -> str:
    """Gives the sha256 of q, k and v: of dtype, shapes and bytes, little-endian."""
    found = hashlib.sha256()
    for name in NAMES:
        found.update(f"{name} {dtype} {list(shapes[name])}\n".encode())
        found.update(data[name])
    return found.hexdigest()


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Gives a safetensors file's header, and where its data begin."""
    with path.open("rb") as file:
        beginning = file.read(8)
        if len(beginning) < 8:
            raise ValueError("it ends before its header")
        (length,) = struct.unpack("<Q", beginning)
        if length > _LONGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(file.read(length))
    return header, 8 + length


def _layer(path: Path, header: dict[str, Any], start: int, about: dict[str, Any], index: str) -> Layer:
    facts = about["layers"][index]
    entries = {name: header[f"{index}.{name}"] for name in NAMES}
    dtype, itemsize = _DTYPES[entries["q"]["dtype"]]
    shapes = {name: tuple(int(size) for size in entry["shape"]) for name, entry in entries.items()}
    offsets = {name: entry["data_offsets"] for name, entry in entries.items()}
    spans = {name: (start + first, start + last) for name, (first, last) in offsets.items()}
    b, h, n, c = shapes["q"]
    g = shapes["k"][1]
    if shapes["k"] != (b, g, n, c) or shapes["v"] != (b, g, n, c) or min(b, g, n, c) < 1 or h % g:
        raise ValueError(f"layer {index} has q, k, v of shapes {', '.join(map(str, shapes.values()))}")
    if any(entry["dtype"] != entries["q"]["dtype"] for entry in entries.values()):
        raise ValueError(f"layer {index} has q, k, v of several dtypes")
    for name, (first, last) in spans.items():
        if not start <= first or last - first != math.prod(shapes[name]) * itemsize or last > path.stat().st_size:
            raise ValueError(f"{index}.{name} has not the bytes that its shape needs")
    layer = Layer(
        path=path,
        name=about["name"],
        index=int(index),
        module=facts["module"],
        causal=facts["causal"],
        masked=facts["masked"],
        sha256=facts["sha256"],
        dtype=dtype,
        shapes=shapes,
        spans=spans,
        origin={key: value for key, value in about.items() if key not in ("name", "layers")},
    )
    if not is_input(layer.input):
        raise ValueError(f"{layer.input!r} is no name for an input")
    return layer


def _span(file: Any, first: int, last: int) -> bytes:
    file.seek(first)
    return bytes(file.read(last - first))
