"""The journal: one attempt a line, appended and fsynced, each line with its checksum.

A killed writer leaves at most one torn last line; it is dropped and told. A line that is whole but wrong (a flipped
bit, an editor) is left out and told too: its attempts are measured again by `--resume`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.attempt import Attempt
from bench.errors import StoreError

__all__ = ["Journal", "Reading", "read_journal"]


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a journal holds."""

    attempts: tuple[Attempt, ...]
    faults: tuple[str, ...]
    """One sentence for each line that was left out."""
    whole_bytes: int
    """Length of the file without a torn last line."""


class Journal:
    """Appends attempts to a file, each one safe on disk before `append` returns.

    A torn last line of an earlier writer is cut off first.

    Raises:
        StoreError: the disk is full or the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard(self._open)

    def append(self, attempts: Iterable[Attempt]) -> None:
        """Writes attempts that belong together (a round) and waits until they are on disk."""
        lines = b"".join(_line(attempt) for attempt in attempts)
        self._guard(lambda: self._write(lines))

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        whole = read_journal(self._path).whole_bytes if self._path.exists() else 0
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.ftruncate(self._descriptor, whole)
        os.lseek(self._descriptor, 0, os.SEEK_END)

    def _write(self, lines: bytes) -> None:
        while lines:
            lines = lines[os.write(self._descriptor, lines) :]
        os.fsync(self._descriptor)

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:
            right = "free space or permission there, then `bench run … --resume RUN`; what is written is kept"
            raise StoreError(str(self._path), f"cannot be written ({error.strerror})", right) from error


def read_journal(path: Path) -> Reading:
    """Gives the attempts of a journal in the order of writing; a missing file holds none."""
    data = path.read_bytes() if path.exists() else b""
    whole = data.rfind(b"\n") + 1
    attempts: list[Attempt] = []
    faults: list[str] = []
    for number, line in enumerate(data[:whole].splitlines(), start=1):
        body = _verified(line)
        if body is None:
            faults.append(f"{path}:{number}: the line does not match its checksum; left out")
        else:
            attempts.append(Attempt.from_json(body))
    if whole < len(data):
        faults.append(f"{path}: the last line is torn ({len(data) - whole} bytes); left out")
    return Reading(tuple(attempts), tuple(faults), whole)


def _line(attempt: Attempt) -> bytes:
    body = json.dumps(attempt.to_json(), separators=(",", ":"), allow_nan=False).encode()
    return _checksum(body) + b" " + body + b"\n"


def _verified(line: bytes) -> dict[str, object] | None:
    checksum, _, body = line.partition(b" ")
    if checksum != _checksum(body):
        return None
    data: dict[str, object] = json.loads(body)
    return data


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:16].encode()
