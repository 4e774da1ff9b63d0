"""A changed checksum is an error that names the file, both checksums and the remedy."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.data.verify import sha256, verify
from bench.errors import UsageError


@pytest.fixture
def text(index: Any, tmp_path: Path) -> Path:
    """The source's file, as recorded."""
    path: Path = tmp_path / "words-1.0" / "words" / "text.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"In the beginning was the word.\n")
    return path


def told(index: Any, tmp_path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        verify(index.source, tmp_path)
    return str(caught.value)


def test_files_as_recorded_pass(index: Any, text: Path, tmp_path: Path) -> None:
    verify(index.source, tmp_path)


def test_one_changed_letter_is_an_error(index: Any, text: Path, tmp_path: Path) -> None:
    changed = b"In the beginning was the work.\n"
    text.write_bytes(changed)

    right = f"{index.source.files[0].sha256} is right: rm -r {tmp_path}/words-1.0 && python -m bench data fetch words"
    assert told(index, tmp_path) == f"{text}: its sha256 is {hashlib.sha256(changed).hexdigest()}; {right}"


def test_a_missing_file_is_an_error(index: Any, text: Path, tmp_path: Path) -> None:
    text.unlink()

    assert told(index, tmp_path) == (
        f"{text}: is missing; rm -r {tmp_path}/words-1.0 && python -m bench data fetch words"
    )


def test_a_source_that_was_not_fetched_is_an_error(index: Any, tmp_path: Path) -> None:
    assert told(index, tmp_path) == f"words: is not in {tmp_path}; python -m bench data fetch words"


def test_the_checksum_of_a_folder_is_that_of_its_list(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.txt", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    script = "find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"
    printed = subprocess.run(script, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert sha256(tmp_path) == printed.split()[0]
