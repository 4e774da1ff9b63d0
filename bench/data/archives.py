"""Files out of a source archive or a Debian package, with nothing but the standard library.

In: the archive, whose checksum is known to be right, and the paths that are wanted. Out: those files in a folder. A
Debian package is an ``ar`` archive that holds ``data.tar.xz``: reading it here spares the program `dpkg`, which only
Debian has.

Source: deb(5) and ar(5) of Debian 12.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, cast

__all__ = ["unpack"]

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_BYTES = 60
_AR_NAME = slice(0, 16)
_AR_SIZE = slice(48, 58)


def unpack(archive: Path, paths: Iterable[str], into: Path) -> None:
    """Writes those files of an archive that are named, or that lie in a folder that is named.

    Links are left out, and so is what an archive might try to write elsewhere: only a path that was asked for is
    written.

    Args:
        archive: ``.deb``, or a tar archive of any compression that the standard library knows.
        paths: of files or folders, relative to the archive's root.
        into: the folder under which they keep their paths.

    Raises:
        ValueError: a ``.deb`` that is none.
        tarfile.ReadError: a tar archive that is none.
    """
    wanted = tuple(paths)
    with archive.open("rb") as stream:
        inner = _debian_data(stream) if archive.suffix == ".deb" else stream
        with tarfile.open(fileobj=inner) as tar:
            for member in tar:
                name = posixpath.normpath(member.name)  # Debian's begin with ./
                if member.isfile() and any(name == path or name.startswith(f"{path}/") for path in wanted):
                    target = into / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(cast(IO[bytes], tar.extractfile(member)).read())


def _debian_data(stream: IO[bytes]) -> IO[bytes]:
    """Gives the tar archive of a package's files; members of an ``ar`` archive begin at even places."""
    if stream.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise ValueError(f"{stream.name} is no Debian package")
    while header := stream.read(_AR_HEADER_BYTES):
        size = int(header[_AR_SIZE])
        if header[_AR_NAME].startswith(b"data.tar"):
            return io.BytesIO(stream.read(size))
        stream.seek(size + size % 2, io.SEEK_CUR)
    raise ValueError(f"{stream.name} has no data.tar")
