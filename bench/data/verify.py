"""Whether files on disk are the recorded ones: a changed checksum is an error, never a warning.

In: a `Source` and the data folder. Out: nothing, or a `UsageError` that names the file, both checksums and the
remedy. `fetch` calls it before a download counts as there; `capture` before anything is computed from the files.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from bench.data.source import Source
from bench.errors import UsageError

__all__ = ["verify", "verify_folder"]


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
    """Checks the files of a source in the folder into which its package was installed.

    Raises:
        UsageError: a file is missing or changed.
    """
    remedy = f"rm -r {folder} && {source.command}"
    for file in source.files:
        path = folder / file.path
        if not path.is_file():
            raise UsageError(str(path), "is missing", remedy)
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != file.sha256:
            raise UsageError(str(path), f"its sha256 is {found}", f"{file.sha256} is right: {remedy}")
