"""One measuring run a device at a time: two at once would measure each other."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.errors import StoreError

__all__ = ["device_lock"]


@contextlib.contextmanager
def device_lock(device: str, run: str, folder: Path | None = None) -> Iterator[None]:
    """Holds a device of this machine while a run measures on it.

    The kernel lets go of the lock when its holder ends, however that happens.

    Args:
        device: `cpu`, or a GPU's name or UUID.
        run: the run's name, for whoever is refused.
        folder: where lock files live; absent: the system's temporary folder.

    Raises:
        StoreError: another run holds it; the message names that run and its process.
    """
    safe = "".join(letter if letter.isalnum() else "-" for letter in device)
    path = (folder or Path(tempfile.gettempdir())) / f"bench-{os.getuid()}-{safe}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 4096).decode(errors="replace")
            raise StoreError(device, f"is being measured by {_name(holder)}", "wait for it, or stop it") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"run": run, "pid": os.getpid()}).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _name(holder: str) -> str:
    try:
        data = json.loads(holder)
        return f"run {data['run']} (process {data['pid']})"
    except (json.JSONDecodeError, KeyError):
        return "another run"  # it holds the lock and has not yet written its name
