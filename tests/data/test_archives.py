"""What is asked for comes out of an archive, and nothing else."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.data.archives import unpack

FILES = {"usr/share/words/a.txt": b"one", "usr/share/words/more/b.txt": b"two!", "usr/share/wordsmith.txt": b"no"}


def left(folder: Path) -> dict[str, bytes]:
    """Gives the files in a folder, by path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def package(deb: Callable[[Path, Mapping[str, bytes]], None], tmp_path: Path) -> Path:
    path = tmp_path / "words_1.0_all.deb"
    deb(path, FILES)
    return path


def test_a_folder_comes_with_all_that_is_in_it(package: Path, tmp_path: Path) -> None:
    unpack(package, ["usr/share/words"], tmp_path / "out")

    assert left(tmp_path / "out") == {"usr/share/words/a.txt": b"one", "usr/share/words/more/b.txt": b"two!"}


def test_a_file_comes_alone(package: Path, tmp_path: Path) -> None:
    unpack(package, ["usr/share/words/a.txt"], tmp_path / "out")

    assert left(tmp_path / "out") == {"usr/share/words/a.txt": b"one"}


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there is no dpkg-deb here")
def test_a_package_that_dpkg_made_is_read(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name, content in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    (tree / "DEBIAN").mkdir()
    control = "Package: words\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody\nDescription: words\n"
    (tree / "DEBIAN" / "control").write_text(control)
    package = tmp_path / "words.deb"
    subprocess.run(["dpkg-deb", "-Zxz", "--build", tree, package], check=True, capture_output=True)

    unpack(package, ["usr"], tmp_path / "out")
    assert left(tmp_path / "out") == FILES


def test_a_path_that_leads_elsewhere_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "words.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("words/../../elsewhere.txt", "/words/a.txt", "words/a.txt"):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"one"))

    unpack(path, ["words"], tmp_path / "in" / "out")
    assert left(tmp_path / "in") == {"out/words/a.txt": b"one"}
    assert not (tmp_path / "elsewhere.txt").exists()


@pytest.mark.parametrize(
    ("content", "told"), [(b"a page that says no\n", "is no Debian package"), (b"!<arch>\n", "has no data.tar")]
)
def test_what_is_no_package_is_told(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "words.deb"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=rf"^{path} {told}$"):
        unpack(path, ["usr"], tmp_path)
