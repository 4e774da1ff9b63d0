"""`bench compare` as a user starts it: exit codes, messages, and the folders that may stand for a run."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from bench.__main__ import main
from bench.attempt import Attempt, Block
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.store.journal import Journal
from bench.store.run import Run, create

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
OF_ONE_TREE = [REFERENCE / name for name in ("nlp-20261124t124007-3429", "nlp-20261124t125004-8f03")]
ROUNDS = 8

Store = Callable[..., Run]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test runs in a folder of its own, outside any CI job."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


@pytest.fixture
def store(place: Path) -> Store:
    """Gives a function: day, milliseconds a call of ``case``, what else -> the run of that day on disk."""

    def make(
        day: int, ms: float = 1.0, *, results: str = "results", rounds: int = ROUNDS, fault: str = "", **changes: Any
    ) -> Run:
        info = {
            "schema": SCHEMA_VERSION,
            "suite": "s",
            "commit": None,
            "started_utc": f"2026-01-{day:02d}T00:00:00+00:00",
            "state": "done",
            "settings": {"budget_s": 60.0, "precision": 0.02, "rounds": [3, ROUNDS], "threads": 2},
            "machine": {"name": "m", "cpu_model": "Xeon", "cores": 2, "gpus": []},
            "versions": {"torch": "2.13.0", "python": "3.12.1"},
            "columns": [dataclasses.asdict(column) for column in COLUMNS],
            "cases": [entry("base"), entry("case")],
        }
        run = create(place / results, f"day{day}", info | changes)
        run.save(run=run.name)
        times = {"pacemaker": 0.3, "base": 2.0, "case": ms}
        with Journal(run.journal) as journal:
            for number in range(rounds):
                journal.append(
                    timing(name, number, own) for name, own in times.items() if not (fault and name == "case")
                )
            if fault:
                plain = {"case_hash": "case", "kind": "timing", "group": "g"}
                journal.append([Attempt(**plain, status=fault, reason="2 GiB asked for")])
        return run

    return make


def entry(name: str) -> dict[str, Any]:
    row = {"case_id": f"{name} id", "case_hash": name, "operator": name, "device": "cpu", "threads": 2}
    row |= {"dtype": "float32", "phase": "forward", "seq_len": 64, "baseline": "base id", "group": "g"}
    row |= {"family": "attention", "label": name, "trainable_parameters": 0}
    plain = {"case_hash": name, "status": "planned", "reason": "", "timed": True, "baseline_hash": "base"}
    return {**plain, "row": row}


def timing(case_hash: str, number: int, ms: float) -> Attempt:
    blocks = tuple(Block(turn=turn, calls=1, seconds=1e-3 * ms) for turn in range(3))
    return Attempt(case_hash=case_hash, kind="timing", status="ok", group="g", round=number, blocks=blocks)


def test_two_equal_runs_end_with_zero(store, capsys):
    before, after = store(1), store(2)

    assert main(["compare", before.name, after.name]) == 0
    assert capsys.readouterr().out == (
        f"bench compare {before.name} -> {after.name}, s, margin 10 % of latency\n"
        "latency: 2 unchanged\n"
        "note: the runs are of different times: the margin is wider than that of `bench ab`, which is the gate to "
        "trust\n"
        "= unchanged     base id: latency 2 ms -> 2 ms, × 1 [0.971, 1.03], 8 rounds\n"
        "= unchanged     case id: latency 1 ms -> 1 ms, × 1 [0.971, 1.03], 8 rounds\n"
    )


def test_a_slower_case_ends_with_one_and_says_what_confirms_it(store, capsys):
    before, after = store(1), store(2, 1.5)

    assert main(["compare", str(before.path), str(after.path)]) == 1
    assert capsys.readouterr().out.splitlines()[3:6] == [
        "✗ regressed     case id",
        "                latency 1 ms -> 1.5 ms, × 1.5 [1.46, 1.54], 8 rounds",
        "                the whole interval is beyond the margin; no second series of rounds confirms it (by the "
        "pace-maker × 1.5 [1.46, 1.54]; beside its baseline × 1.5 [1.46, 1.54]); `bench ab` confirms or clears it",
    ]


def test_a_margin_above_the_change_clears_it(store, capsys):
    before, after = store(1), store(2, 1.5)

    assert main(["compare", before.name, after.name, "--margin", "0.6"]) == 0


def test_a_case_that_fails_now_ends_with_three(store, capsys):
    before, after = store(1), store(2, fault="oom")

    assert main(["compare", before.name, after.name]) == 3
    assert "! failed        case id: it fails now and did not before (oom: 2 GiB asked for)\n" in (
        capsys.readouterr().out
    )


def test_another_machine_ends_with_four_and_names_the_field_and_both_values(store, capsys):
    before = store(1, machine={"name": "n", "cpu_model": "EPYC", "cores": 2, "gpus": []})
    after = store(2)

    assert main(["compare", before.name, after.name]) == 4
    assert capsys.readouterr().err == (
        f"error: {before.name} and {after.name}: cannot be compared: cpu_model is EPYC in {before.name} and Xeon in "
        f"{after.name}; measure both on one machine, or --allow-mismatch\n"
    )


def test_a_mismatch_that_is_allowed_is_told_and_compared(store, capsys):
    before = store(1, machine={"name": "n", "cpu_model": "EPYC", "cores": 2, "gpus": []})
    after = store(2)

    assert main(["compare", before.name, after.name, "--allow-mismatch"]) == 0
    assert f"\ndiffers: cpu_model is EPYC in {before.name} and Xeon in {after.name}\n" in capsys.readouterr().out


def test_undecided_cases_end_with_four_only_where_that_is_asked_for(store, capsys):
    before, after = store(1), store(2, rounds=2)
    words = ["compare", before.name, after.name]

    assert main(words) == 0
    assert main([*words, "--inconclusive", "fail"]) == 4
    assert "? inconclusive  case id\n" in capsys.readouterr().out


def test_folders_stand_for_their_last_run_and_for_its_last_comparable_one(store, capsys):
    store(1, 3.0, results="baselines")
    kept = store(2, results="baselines")
    store(3, results="baselines", versions={"torch": "2.12.0", "python": "3.12.1"})
    store(4)
    head = store(5)

    assert main(["compare", "baselines", "results"]) == 0
    assert capsys.readouterr().out.startswith(f"bench compare {kept.name} -> {head.name}, s,")


def test_one_folder_may_stand_for_both(store, capsys):
    before, head = store(1), store(2)

    assert main(["compare", "results", "results"]) == 0
    assert capsys.readouterr().out.startswith(f"bench compare {before.name} -> {head.name}, s,")


def test_the_first_night_has_no_baseline_and_ends_with_four(store, capsys):
    head = store(1)

    assert main(["compare", "results", "results"]) == 4
    assert capsys.readouterr().err == (
        f"error: results: holds no finished run of suite 's' from before {head.name}; "
        "store one there: bench run SUITE --results DIR\n"
    )


def test_an_empty_folder_is_no_baseline(store, place, capsys):
    head = store(1)
    (place / "baselines").mkdir()

    assert main(["compare", "baselines", head.name]) == 4


def test_a_folder_under_results_may_be_named_without_it(store, capsys):
    kept = store(1, results="results/reference")
    head = store(2)

    assert main(["compare", "reference", head.name]) == 0
    assert capsys.readouterr().out.startswith(f"bench compare {kept.name} -> {head.name}, s,")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere", "HEAD"], "error: results/nowhere: is no run (it has no run.json); a folder under results/\n"),
        (["no/where", "HEAD"], "error: no/where: is no run; a run's folder, or its name under results\n"),
        (["HEAD", "HEAD", "--margin", "2"], "error: --margin: 2 is no share between 0 and 1; --margin 0.1\n"),
        (["HEAD", "HEAD", "--margin", "nan"], "error: --margin: nan is no share between 0 and 1; --margin 0.1\n"),
        (
            ["HEAD", "HEAD", "--accuracy-tolerance", "-1"],
            "error: --accuracy-tolerance: -1 is no share of an error; --accuracy-tolerance 0.05\n",
        ),
    ],
)
def test_what_is_wrong_on_the_command_line_ends_with_two(store, capsys, words, message):
    head = store(1)

    assert main(["compare", *(head.name if word == "HEAD" else word for word in words)]) == 2
    assert capsys.readouterr().err == message


def test_a_damaged_run_ends_with_two(store, capsys):
    before, after = store(1), store(2)
    (before.path / "run.json").write_text('{"suite": ')

    assert main(["compare", before.name, after.name]) == 2
    assert capsys.readouterr().err == (
        f"error: results/{before.name}/run.json:1: is damaged (Expecting value); restore it; the journal is apart\n"
    )


def test_an_unknown_format_ends_with_two(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["compare", "a", "b", "--format", "xml"])

    assert caught.value.code == 2
    assert "argument --format: invalid choice: 'xml'" in capsys.readouterr().err


def test_the_output_is_a_file_and_nothing_is_printed(store, place, capsys):
    before, after = store(1), store(2, 1.5)

    assert main(["compare", before.name, after.name, "--format", "junit", "--output", "bench.xml"]) == 1
    assert capsys.readouterr().out == ""
    assert JUnitXml.fromfile("bench.xml").failures == 1


def test_json_has_the_exit_codes(store, capsys):
    before, after = store(1), store(2, 1.5)
    code = main(["compare", before.name, after.name, "--format", "json"])

    assert json.loads(capsys.readouterr().out)["exit_codes"] == {"pass": code, "fail": code}


def test_an_output_that_cannot_be_written_ends_with_five(store, capsys):
    before, after = store(1), store(2)

    assert main(["compare", before.name, after.name, "--output", "no/where.txt"]) == 5


@pytest.mark.slow
def test_the_two_reference_runs_of_one_tree_raise_no_alarm(capsys):
    assert main(["compare", *map(str, OF_ONE_TREE), "--format", "json"]) == 0
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]

    of_latency = {each["verdict"] for each in verdicts if each["metric"] == "latency"}
    of_the_rest = {each["verdict"] for each in verdicts if each["metric"] != "latency"}

    assert of_latency <= {"unchanged", "inconclusive"}
    assert of_the_rest == {"unchanged"}


@pytest.mark.slow
def test_a_copy_of_a_run_is_the_same_without_its_table(place, capsys):
    """As it lies in a repository: `records.parquet` may be older than the journal, or not there."""
    first = OF_ONE_TREE[0]
    shutil.copytree(first, place / "copy")
    (place / "copy" / "records.parquet").unlink()

    assert main(["compare", str(first), "copy", "--format", "json"]) == 0
