"""Publishers of one's own: a folder that the real pip, and one that the real apt-get, take for the whole world."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import data
from bench.data import source
from bench.data.fetch import UnavailableError, fetch, with_needs
from bench.data.source import File, Source

CONTENT = b"In the beginning was the word.\n"
LANGUAGES = ("en", "fr")


@dataclasses.dataclass(frozen=True)
class Index:
    """A folder that pip or apt-get looks into, a source that it holds, and the file of its pins."""

    folder: Path
    source: Source
    pins: Path

    def pin(self, sha256: str, version: str = "1.0") -> None:
        """Pins every package of the source by another checksum or version."""
        lines = [f"{package}=={version} --hash=sha256:{sha256}\n" for package in self.source.packages]
        self.pins.write_text("".join(lines))


@pytest.fixture(scope="session")
def fetched() -> None:
    """All real data that can be got lie in the usual folder, as recorded; the first time they are downloaded."""
    for each in with_needs(data.names()):
        with contextlib.suppress(UnavailableError):
            fetch(each)


@pytest.fixture(scope="session")
def from_debian(fetched: None) -> None:
    """The real data that Debian brings; not every machine has apt."""
    reasons = [each.absent() for each in map(data.load, data.names()) if each.archive == "deb"]
    for reason in filter(None, reasons):
        pytest.skip(reason)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """A package index with the wheel `words`."""
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
        source.REQUIREMENTS,
    )
    made.pin(sha256(wheel))
    return made


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def sdist_index(index: Index) -> Index:
    """The package index with a source archive of `words` beside the wheel; its text is not the wheel's."""
    backend = (
        "def prepare_metadata_for_build_wheel(folder, settings=None):\n"
        "    import os\n"
        "    os.mkdir(os.path.join(folder, 'words-1.0.dist-info'))\n"
        "    with open(os.path.join(folder, 'words-1.0.dist-info', 'METADATA'), 'w') as file:\n"
        "        file.write('Metadata-Version: 2.1\\nName: words\\nVersion: 1.0\\n')\n"
        "    return 'words-1.0.dist-info'\n"
    )
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    path = index.folder / "words-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        add(archive, "words-1.0/pyproject.toml", project.encode())
        add(archive, "words-1.0/backend.py", backend.encode())
        add(archive, "words-1.0/PKG-INFO", b"Metadata-Version: 2.1\nName: words\nVersion: 1.0\n")
        add(archive, "words-1.0/more/text.txt", CONTENT)
    file = dataclasses.replace(index.source.files[0], path="words-1.0/more/text.txt")
    made = dataclasses.replace(index, source=dataclasses.replace(index.source, archive="sdist", files=(file,)))
    made.pin(sha256(path))
    return made


def make_deb(path: Path, files: Mapping[str, bytes]) -> None:
    """Writes a Debian package as dpkg-deb does; its name is the path's, as apt has it."""
    package, version, architecture = path.stem.split("_")
    control = (
        f"Package: {package}\nVersion: {version}\nArchitecture: {architecture}\n"
        "Maintainer: nobody <nobody@example.org>\nDescription: words\n"
    )
    members = {"debian-binary": b"2.0\n", "control.tar.xz": _tar({"control": control.encode()})}
    with path.open("wb") as out:
        out.write(b"!<arch>\n")
        for name, content in (members | {"data.tar.xz": _tar(files)}).items():
            out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode())
            out.write(content + b"\n" * (len(content) % 2))


def _tar(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:xz") as archive:
        for name, content in files.items():
            add(archive, f"./{name}", content)
    return written.getvalue()


@pytest.fixture
def deb() -> Callable[[Path, Mapping[str, bytes]], None]:
    """What writes a Debian package."""
    return make_deb


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """A Debian repository whose packages `words-en` and `words-fr` each bring a voice; no lists are there yet."""
    if shutil.which("apt-get") is None:
        pytest.skip("there is no apt-get here")
    folder = tmp_path / "debian"
    folder.mkdir()
    for language in LANGUAGES:
        files = {f"usr/share/words/{language}/text.txt": CONTENT, "usr/share/doc/copyright": b"none\n"}
        make_deb(folder / f"words-{language}_1.0_all.deb", files)
    etc = tmp_path / "etc"
    for made_by_its_installation in ("etc", "state/lists/partial", "cache/archives/partial"):
        (tmp_path / made_by_its_installation).mkdir(parents=True)
    (etc / "sources.list").write_text(f"deb [trusted=yes] file:{folder} ./\n")
    configuration = tmp_path / "apt.conf"
    configuration.write_text(
        f'Dir::Etc "{etc}";\nDir::State "{tmp_path}/state";\nDir::Cache "{tmp_path}/cache";\n'
        'APT::Sandbox::User "root";\n'  # else another user, who cannot read what a test writes
    )
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    monkeypatch.setattr(source, "DEBIAN", tmp_path / "debian.txt")
    line = f"{hashlib.sha256(CONTENT).hexdigest()}  text.txt\n"
    text = hashlib.sha256(line.encode()).hexdigest()
    voices = [File(f"usr/share/words/{language}", text, len(CONTENT)) for language in LANGUAGES]
    settings: dict[str, Any] = {"name": "words", "about": "", "licence": "none", "disk_bytes": 1000}
    made = Source(package="words-en", further=("words-fr",), archive="deb", files=tuple(voices), **settings)
    lines = [f"{p.name.split('_')[0]}==1.0 --hash=sha256:{sha256(p)}\n" for p in sorted(folder.glob("*.deb"))]
    source.DEBIAN.write_text("".join(lines))
    return Index(folder, made, source.DEBIAN)


@pytest.fixture
def debian_lists(debian: Index) -> Index:
    """The same, and apt knows what is there."""
    entries = []
    for path in sorted(debian.folder.glob("*.deb")):
        name, version, _ = path.stem.split("_")
        about = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n"
        where = f"Filename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {sha256(path)}\n"
        entries.append(f"{about}{where}Description: words\n")
    (debian.folder / "Packages").write_text("\n".join(entries))
    subprocess.run(["apt-get", "update", "--quiet"], check=True, capture_output=True)
    return debian
