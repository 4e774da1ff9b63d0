"""A file is written once, whole or not at all, however many ask for it at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.data.kept import digest, kept
from bench.errors import StoreError


def write(path: Path, text: str) -> None:
    path.write_text(text)


def test_a_file_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    first = kept(path, lambda part: write(part, "first"))
    kept(path, lambda part: write(part, "second"))

    assert (first, path.read_text()) == (path, "first")


def test_of_two_who_ask_at_once_one_writes(tmp_path: Path) -> None:
    writers: list[int] = []

    def slowly(part: Path) -> None:
        writers.append(threading.get_ident())
        time.sleep(0.05)  # long enough for the other to come and find it absent
        part.write_text("whole")

    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: kept(tmp_path / "file.txt", slowly), range(2)))

    assert (len(writers), [path.read_text() for path in paths]) == (1, ["whole", "whole"])


def test_a_writer_that_fails_leaves_no_file_and_the_next_one_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"

    def fail(part: Path) -> None:
        part.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept(path, fail)
    assert [left.name for left in tmp_path.iterdir()] == [".lock"]
    assert kept(path, lambda part: write(part, "whole")).read_text() == "whole"


def test_whoever_may_read_an_ordinary_file_may_read_a_kept_one(tmp_path: Path) -> None:
    def for_the_owner_only(part: Path) -> None:
        part.touch(0o600)  # as safetensors does

    (tmp_path / "ordinary").touch()
    path = kept(tmp_path / "file.txt", for_the_owner_only)

    assert path.stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    path = tmp_path / "folder" / "file.txt"

    with pytest.raises(StoreError) as caught:
        kept(path, lambda part: None)
    assert str(caught.value) == f"{path}: cannot be written (File exists); mend that, or BENCH_DATA=DIR"


def test_a_digest_changes_with_the_origin_and_not_with_its_order() -> None:
    digests = [digest({"a": 1, "b": 2}), digest({"b": 2, "a": 1}), digest({"a": 1, "b": 3})]

    assert (digests[0] == digests[1], digests[0] == digests[2], len(digests[0])) == (True, False, 12)
