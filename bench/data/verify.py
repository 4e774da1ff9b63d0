"""Whether files on disk are the recorded ones: a changed checksum is an error, never a warning.

In: a `Source` and the data folder. Out: nothing, or a `UsageError` that names the file, both checksums and the
remedy. `fetch` calls it before a download counts as there; `capture` before anything is computed from the files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from bench.data.source import Source
from bench.errors import UsageError

__all__ = ["sha256", "verify", "verify_folder"]


def verify(source: Source, into: str | Path | None = None) -> None:
    """Checks a source under the data folder.

    Raises:
        UsageError: it is not there, or a file is missing or changed.
    """
    folder = source.folder(into)
    if not folder.is_dir():
        raise UsageError(source.name, f"is not in {folder.parent}", source.command)
    verify_folder(source, folder)


def verify_folder(source: Source, folder: Path) -> None:
    """Checks the files of a source in the folder into which its package was installed or unpacked.

    Raises:
        UsageError: a file is missing or changed; in a folder, also one that is too many.
    """
    remedy = f"rm -r {folder} && {source.command}"
    for file in source.files:
        path = folder / file.path
        if not path.exists():
            raise UsageError(str(path), "is missing", remedy)
        found = sha256(path)
        if found != file.sha256:
            raise UsageError(str(path), f"its sha256 is {found}", f"{file.sha256} is right: {remedy}")


def sha256(path: Path) -> str:
    """Gives the checksum of a file's bytes, or of a folder's contents.

    A folder's is that of the list of its files by path, a line ``sha256  path`` each: what
    ``find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`` prints in it.
    """
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        listed = "".join(f"{sha256(path / name)}  {name}\n" for name in names)
        return hashlib.sha256(listed.encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
