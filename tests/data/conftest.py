"""A package index of one's own: a wheel made here, which the real pip installs without any network."""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile
from pathlib import Path

import pytest

from bench import data
from bench.data import source
from bench.data.fetch import fetch, with_needs
from bench.data.source import File, Source

CONTENT = b"In the beginning was the word.\n"


@dataclasses.dataclass(frozen=True)
class Index:
    """A folder that pip looks into, and a source that it holds."""

    folder: Path
    source: Source

    def pin(self, sha256: str) -> None:
        """Pins the wheel by another checksum."""
        source.REQUIREMENTS.write_text(f"words==1.0 --hash=sha256:{sha256}\n")


@pytest.fixture(scope="session")
def fetched() -> None:
    """The real data are in the usual folder, as recorded; the first time they are downloaded."""
    for each in with_needs(data.names()):
        fetch(each)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    folder = tmp_path / "index"
    folder.mkdir()
    wheel = folder / "words-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("words/text.txt", CONTENT)
        archive.writestr("words-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: words\nVersion: 1.0\n")
        archive.writestr(
            "words-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("words-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(source, "REQUIREMENTS", tmp_path / "requirements.txt")
    file = File("words/text.txt", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    made = Index(
        folder,
        Source(name="words", about="", package="words", licence="none", files=(file,), disk_bytes=1000),
    )
    made.pin(hashlib.sha256(wheel.read_bytes()).hexdigest())
    return made
