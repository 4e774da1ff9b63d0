"""What is computed once from downloaded files and kept in the data folder, so that a worker only maps a file.

In: where the file is to lie and what writes it. Out: its path, the file there and whole. A process that asks while
another one writes waits for it; one that dies leaves no half of a file under that name. A kept file's name carries
`digest` of all that it was computed from: another origin is another file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.errors import StoreError

__all__ = ["digest", "kept"]


def digest(origin: Mapping[str, Any]) -> str:
    """Gives 12 hex digits that change with any part of an origin: packages, versions, checksums, the definition."""
    return hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()[:12]


def kept(path: Path, write: Callable[[Path], None]) -> Path:
    """Gives the file, having it written first where it is not there.

    Args:
        path: where it lies; its folder is made.
        write: writes it whole to the path that it is given, which is another one.

    Raises:
        StoreError: the folder cannot be written.
    """
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path.parent) as lock:
            if not path.is_file():  # else another process made it while this one waited
                _write(path, write, like=lock)
    except OSError as error:
        raise StoreError(
            str(path), f"cannot be written ({error.strerror})", "mend that, or BENCH_DATA=DIR"
        ) from error
    return path


def _write(path: Path, write: Callable[[Path], None], *, like: Path) -> None:
    part = path.with_suffix(".part")  # whoever holds the lock is its only writer
    try:
        write(part)
        shutil.copymode(like, part)  # safetensors writes what only its owner may read; a data folder may be shared
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[Path]:
    """Holds the folder's lock, which the kernel frees however its holder ends; gives the file."""
    path = folder / ".lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path
