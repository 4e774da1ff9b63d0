"""What Debian brings comes whole, verified and once, or not at all; by the real apt-get, from a made repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.data.fetch import UnavailableError, fetch
from bench.errors import UsageError


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "data"


def left(into: Path) -> list[str]:
    """Gives the files in the data folder, hidden ones too."""
    return sorted(path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file())


def test_of_every_package_what_is_read_is_unpacked(debian_lists: Any, into: Path) -> None:
    folder = fetch(debian_lists.source, into)

    assert folder == into / "words-1.0"
    assert left(into) == [f"words-1.0/usr/share/words/{language}/text.txt" for language in ("en", "fr")]


def test_what_is_there_is_not_downloaded_again(debian_lists: Any, into: Path) -> None:
    fetch(debian_lists.source, into)
    for package in debian_lists.folder.glob("*.deb"):
        package.unlink()

    assert fetch(debian_lists.source, into) == into / "words-1.0"


def test_a_package_that_is_not_the_pinned_one_is_refused(debian_lists: Any, into: Path) -> None:
    debian_lists.pin("0" * 64)

    with pytest.raises(UsageError) as caught:
        fetch(debian_lists.source, into)
    assert str(caught.value) == (
        "apt-get download words-en=1.0: Debian has another file than the pinned one; do not use it; report it"
    )
    assert not isinstance(caught.value, UnavailableError)
    assert left(into) == []


def test_apt_without_lists_is_told_with_what_to_type(debian: Any, into: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        fetch(debian.source, into)

    assert str(caught.value) == (
        "apt-get download words-en=1.0: Unable to locate package words-en; "
        "on Debian 12, apt-get update (as root), then python -m bench data fetch words"
    )
    assert left(into) == []


def test_a_release_of_debian_with_another_version_is_told(debian_lists: Any, into: Path) -> None:
    debian_lists.pin("0" * 64, version="2.0")

    with pytest.raises(UnavailableError) as caught:
        fetch(debian_lists.source, into)
    assert caught.value.found == "Version '2.0' for 'words-en' was not found"


def test_a_machine_without_apt_is_told_where_else_to_get_it(
    debian: Any, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnavailableError) as caught:
        fetch(debian.source, into)
    assert str(caught.value) == (
        "words: comes from Debian, and there is no apt-get here; "
        "on Debian 12: python -m bench data fetch words --into DIR, then copy DIR/words-1.0"
    )


def test_a_file_too_many_in_a_folder_is_an_error(debian_lists: Any, into: Path) -> None:
    folder = fetch(debian_lists.source, into)
    (folder / "usr/share/words/fr/more.txt").write_text("more")

    with pytest.raises(UsageError, match=rf"^{folder}/usr/share/words/fr: its sha256 is "):
        fetch(debian_lists.source, into)
