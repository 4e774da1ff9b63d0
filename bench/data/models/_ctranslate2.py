"""The container of CTranslate2, in which Whisper's weights come: names and arrays, nothing executed.

In: a path. Out: arrays by name, aliases resolved. Little-endian throughout: u32 version, string name, u32 revision,
u32 count; each variable a string, u8 rank, u32 sizes, u8 type, u32 bytes and the data; then u32 aliases, each a pair
of strings. A string is a u16 length, the NUL at its end counted, and its bytes.

Source: CTranslate2's own writer, `ModelSpec._serialize` in python/ctranslate2/specs/model_spec.py, version 6.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["read"]

_VERSION = 6
_DTYPES = ("<f4", "i1", "<i2", "<i4", "<f2")


def read(path: Path) -> dict[str, NDArray[Any]]:
    """Gives every variable, read-only, and each alias of one.

    Raises:
        ValueError: another version of the container, or bytes after its end.
    """
    cursor = _Cursor(path.read_bytes())
    version = cursor.number("I")
    if version != _VERSION:
        raise ValueError(f"{path}: version {version} of CTranslate2's container; {_VERSION} is read here")
    cursor.text()  # of which model
    cursor.number("I")  # and which revision of its names
    variables: dict[str, NDArray[Any]] = {}
    for _ in range(cursor.number("I")):
        name = cursor.text()
        sizes = [cursor.number("I") for _ in range(cursor.number("B"))]
        dtype = _DTYPES[cursor.number("B")]
        variables[name] = np.frombuffer(cursor.take(cursor.number("I")), dtype).reshape(sizes)
    for _ in range(cursor.number("I")):
        alias = cursor.text()
        variables[alias] = variables[cursor.text()]
    if not cursor.at_end:
        raise ValueError(f"{path}: bytes after the last alias")
    return variables


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = memoryview(data), 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, size: int) -> memoryview:
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def number(self, code: str) -> int:
        (value,) = struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))
        return int(value)

    def text(self) -> str:
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode()
