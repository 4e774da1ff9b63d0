"""What becomes of each case of a suite, and what pytest-benchmark and JUnit say of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import pytest_plugin

QUICK = ("--benchmark-max-time=0.001", "--benchmark-min-rounds=30")

Session = tuple[Any, subprocess.CompletedProcess[str]]
"""A project, and how pytest ended there."""


def outcomes(path: Path) -> dict[str, tuple[str, str]]:
    """Gives, of a JUnit file, name -> what became of the item and the message."""
    found = {}
    for item in ElementTree.parse(path).iter("testcase"):
        told = [(child.tag, child.get("message", "")) for child in item if child.tag != "properties"]
        assert len(told) < 2, f"{item.get('name')} is told twice"
        name = item.get("name", "").removesuffix("]")  # which pytest 9.2 adds where a name has a bracket
        found[name] = told[0] if told else ("passed", "")
    return found


def stored(path: Path) -> dict[str, dict[str, Any]]:
    """Gives, of pytest-benchmark's JSON, name -> benchmark."""
    return {each["name"]: each for each in json.loads(path.read_text())["benchmarks"]}


@pytest.fixture(scope="module")
def measured(new_project: Callable[[], Any]) -> Session:
    """A session over the suite, stored as JSON, JUnit and in pytest-benchmark's own storage."""
    project = new_project()
    words = ("--benchmark-json=out.json", "--junitxml=out.xml", "--benchmark-save=first")
    return project, project.pytest("--bench-suite=small.yaml", *QUICK, *words)


@pytest.mark.slow
def test_what_is_planned_passes_and_the_header_counts_it(measured: Session) -> None:
    _, done = measured

    header = "bench: suite small: 8 cases, 4 to time, one after another in one process; to compare: bench ab"
    assert done.returncode == 0, done.stdout
    assert header in done.stdout.splitlines()


@pytest.mark.slow
def test_what_cannot_be_timed_is_skipped_with_its_reason(measured: Session) -> None:
    project, _ = measured
    seen = outcomes(project.folder / "out.xml")

    skipped = {name: message for name, (outcome, message) in seen.items() if outcome == "skipped"}
    assert len(skipped) == 4
    on_cuda = project.case_id("full_naive", device="cuda").removesuffix(" threads=1")
    assert skipped[on_cuda] == "skipped: no CUDA device"
    assert skipped[project.case_id("linformer", rank="r=4 ", more=" causal=true")] == (
        "unsupported: linformer has no causal form"
    )
    oracle = next(message for name, message in skipped.items() if name.startswith("svd_oracle"))
    assert oracle == "not timed: an oracle, timed up to seq_len 512; its errors are measured all the same"


@pytest.mark.slow
def test_a_skip_points_to_its_sweep(measured: Session) -> None:
    folder = measured[0].folder
    places = {each.text or "" for each in ElementTree.parse(folder / "out.xml").iter("skipped")}

    assert {place.partition(": ")[0] for place in places} == {f"{folder}/small.yaml:{line}" for line in (4, 5, 6)}


@pytest.mark.slow
def test_the_json_has_the_groups_and_columns_of_bench(measured: Session) -> None:
    project, _ = measured
    name, naive, baseline = (
        project.case_id(*words) for words in (("linformer", "bench", "r=4 "), ("full_naive",), ("sdpa", "torch"))
    )
    seen = stored(project.folder / "out.json")

    linformer, params = seen[name], seen[name]["params"]
    assert linformer["fullname"] == f"small.yaml::{name}"
    assert linformer["group"] == seen[naive]["group"] == seen[baseline]["group"] == baseline.partition(" ")[2]
    assert (params["operator"], params["rank"], params["threads"]) == ("linformer", 4, 1)
    # 2 heads, 16 tokens, 8 wide: scores and their product with v, 2·h·n·n·d each
    assert seen[naive]["extra_info"]["flops_formula"] == 2 * (2 * 2 * 16 * 16 * 8)
    assert linformer["extra_info"]["provider"] == "bench"
    assert linformer["extra_info"]["baseline"] == baseline
    assert len(linformer["extra_info"]["case_hash"]) == 16
    assert linformer["stats"]["rounds"] >= 30
    assert linformer["stats"]["min"] > 0


@pytest.mark.slow
def test_a_later_session_is_compared_with_a_stored_one(measured: Session) -> None:
    project, _ = measured
    words = ("--benchmark-compare=0001", "--benchmark-columns=min", "--benchmark-group-by=param:operator")
    done = project.pytest("--bench-suite=small.yaml", "--bench-where=operator=full_naive", *QUICK, *words)

    assert done.returncode == 0
    assert "benchmark 'operator=full_naive': 2 tests" in done.stdout
    assert "(0001_first)" in done.stdout


@pytest.fixture(scope="module")
def failed(new_project: Callable[[], Any]) -> Session:
    """A session over operators that fail, each in its own way, and a test of the project's own after it."""
    project = new_project()
    words = ("--benchmark-json=out.json", "--junitxml=out.xml", "faults.yaml", "tests")
    return project, project.pytest("--bench-suite=faults.yaml", "--bench-plugin=faulty", *QUICK, *words)


def of_operator(found: dict[str, Any], operator: str) -> Any:
    return next((value for name, value in found.items() if name.startswith(f"{operator}[")), None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operator", "outcome", "message"),
    [
        ("sdpa", "passed", ""),
        ("raising", "failure", "Failed: crashed: ValueError: it does not run on a batch (give, faulty.py:18)"),
        ("late", "failure", "Failed: nan: the output has 256 values that are not finite"),  # 16 tokens, 16 wide
        ("warning", "passed", ""),
        ("unwilling", "skipped", "unsupported: NotImplementedError: no kernel for this shape"),
    ],
)
def test_a_case_ends_as_its_status_says(failed: Session, operator: str, outcome: str, message: str) -> None:
    seen = outcomes(failed[0].folder / "out.xml")

    assert failed[1].returncode == pytest.ExitCode.TESTS_FAILED
    assert of_operator(seen, operator) == (outcome, message)


@pytest.mark.slow
def test_a_case_has_the_threads_that_it_asks_for_and_gives_them_back(failed: Session) -> None:
    seen = outcomes(failed[0].folder / "out.xml")

    assert ": 3 threads " in of_operator(seen, "counting")[1]
    assert seen["test_threads"] == ("passed", "")


@pytest.mark.slow
def test_the_times_of_a_case_that_failed_are_not_stored(failed: Session) -> None:
    assert [name.partition("[")[0] for name in stored(failed[0].folder / "out.json")] == ["sdpa", "warning"]


@pytest.mark.slow
def test_under_xdist_cases_are_called_and_it_is_told_that_nothing_was_timed(project: Any) -> None:
    words = ("-n2", "--bench-suite=small.yaml", "--bench-where=sweep=fine", "--bench-device=cpu")
    done = project.pytest(*words, plugins=("xdist.plugin", "pytest_benchmark.plugin", pytest_plugin.__name__))

    why = "pytest-benchmark is off under xdist; leave out -n and --dist"
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    assert f"bench: nothing was timed, each case was only called: {why}" in done.stdout.splitlines()


@pytest.mark.slow
def test_where_benchmarks_are_disabled_it_is_told_too(project: Any) -> None:
    done = project.pytest("--bench-suite=small.yaml", "--bench-where=operator=sdpa", "--benchmark-disable", "-q")

    assert "bench: nothing was timed, each case was only called: --benchmark-disable" in done.stdout.splitlines()
