from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.__main__ import main

RESULTS = Path(__file__).parents[2] / "results" / "reference"
RUN = "nlp-20261124t124007-3429"


def export(*words: str | Path) -> int:
    """Exports a committed run of the nlp suite, half of whose cases were skipped for want of a GPU."""
    return main(["export", RUN, "--results", str(RESULTS), *map(str, words)])


def test_a_file_goes_to_standard_output_and_what_it_has_no_room_for_is_told(capsys):
    code = export("--to", "github-action-benchmark")
    told = capsys.readouterr()

    assert code == 0
    assert sum(each["name"].endswith("(latency)") for each in json.loads(told.out)) == 173
    assert told.err == (
        "github-action-benchmark has no room for cases without a latency; left out:\n"
        "173 × skipped: no CUDA device\n"
        "6 × unsupported: lora_merged has nothing to train: merging ends the training; take lora\n"
    )


def test_a_format_with_room_for_all_leaves_nothing_to_tell(capsys):
    code = export("--to", "csv")
    told = capsys.readouterr()

    assert (code, told.err) == (0, "")
    assert len(told.out.splitlines()) == 353  # the head, and every case


def test_a_run_may_be_named_by_its_folder(tmp_path):
    assert main(["export", str(RESULTS / RUN), "--to", "junit", "--output", str(tmp_path / "junit.xml")]) == 0
    assert (tmp_path / "junit.xml").read_text(encoding="utf-8").startswith("<?xml")


def test_asv_gets_a_folder(tmp_path, capsys):
    code = export("--to", "asv", "--output", tmp_path / "results")

    assert (code, capsys.readouterr()) == (0, ("", ""))
    assert (tmp_path / "results" / "benchmarks.json").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--to", "pyper"], "--to: unknown format 'pyper'; did you mean 'pyperf'?"),
        (["--to", "asv"], "--output: is missing, and --to asv writes a folder; --output DIR"),
        (["--to", "csv", "--output", "there.txt"], "there.txt: is there already; --force replaces it"),
        (["--to", "csv", "--output", "."], ".: is a folder; --output a file in it"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(tmp_path, monkeypatch, capsys, words, told):
    monkeypatch.chdir(tmp_path)
    Path("there.txt").write_text("mine")
    code = export(*words)

    assert (code, capsys.readouterr()) == (2, ("", f"error: {told}\n"))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there.txt", "mine")]


def test_a_file_is_replaced_where_that_is_asked_for(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("old")

    assert export("--to", "csv", "--output", file, "--force") == 0
    assert file.read_text(encoding="utf-8").startswith("run,")


def test_a_run_without_any_latency_is_no_file_that_a_reader_would_choke_on(tmp_path, capsys):
    info = json.loads((RESULTS / RUN / "run.json").read_text())
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "run.json").write_text(json.dumps(info))
    (tmp_path / "empty" / "journal.jsonl").touch()

    assert main(["export", str(tmp_path / "empty"), "--to", "pyperf"]) == 2
    assert capsys.readouterr().err == "error: empty: has no case with a latency; --to junit says why\n"
