"""Which items a session has, what it costs where no suite is asked for, and how mistakes are told."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bench import pytest_plugin
from bench.__main__ import main

ROOT = Path(__file__).parents[3]
PLUGIN = pytest_plugin.__name__

Done = subprocess.CompletedProcess[str]


def test_the_items_are_the_cases_of_the_plan_in_its_order(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    main(["plan", str(project.folder / "small.yaml"), "--format", "json"])
    planned = [row["case_id"] for row in json.loads(capsys.readouterr().out)]

    assert len(planned) == 8
    assert project.collected("--bench-suite=small.yaml") == [f"small.yaml::{each}" for each in planned]


def test_without_paths_the_suite_is_all_that_is_collected(project: Any) -> None:
    done = project.pytest("--bench-suite=small.yaml", "--collect-only")

    assert "testpaths" not in done.stdout.partition("collected")[0]
    assert "test_own" not in done.stdout


@pytest.mark.parametrize("paths", [("tests",), (".",), ("tests", "small.yaml")], ids=" ".join)
def test_paths_are_collected_beside_the_suite_and_nothing_twice(project: Any, paths: tuple[str, ...]) -> None:
    items = project.collected("--bench-suite=small.yaml", *paths)

    assert len(items) == len(set(items)) == 9
    assert "tests/test_own.py::test_threads" in items


def test_an_item_is_chosen_by_its_id(project: Any) -> None:
    name = f"small.yaml::{project.case_id('linformer', rank='r=4 ')}"

    assert project.collected("--bench-suite=small.yaml", name) == [name]


def test_an_item_is_chosen_by_words_of_its_id_and_by_its_sweep(project: Any) -> None:
    causal = project.collected("--bench-suite=small.yaml", "-k", "causal and linformer")

    assert causal == [f"small.yaml::{project.case_id('linformer', rank='r=4 ', more=' causal=true')}"]


def test_options_narrow_the_suite_as_those_of_run_do(project: Any) -> None:
    words = ("--bench-where=operator=linformer", "--bench-where=sweep=fine", "--bench-device=cpu", "--bench-seed=7")

    # the baseline comes with it
    assert project.collected("--bench-suite=small.yaml", *words) == [
        f"small.yaml::{project.case_id('sdpa', 'torch')} seed=7",
        f"small.yaml::{project.case_id('linformer', rank='r=4 ')} seed=7",
    ]


def test_a_suite_that_lies_elsewhere_is_collected(project: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "small.yaml"
    elsewhere.write_text((project.folder / "small.yaml").read_text())

    assert len(project.collected(f"--bench-suite={elsewhere}")) == 8


# What it costs


def test_without_a_suite_nothing_is_imported(project: Any) -> None:
    """pytest loads the plug-in in every session of an environment that has `bench`."""
    heavy = {"numpy", "psutil", "pydantic", "torch", "yaml"}
    loaded = f"sorted(m for m in sys.modules if m in {heavy} or m.partition('.')[0] == 'bench')"
    code = f"import pytest, sys; pytest.main(sys.argv[1:]); print(*{loaded})"
    done = project.python("-c", code, "-p", PLUGIN, "--collect-only", "-q", "tests")

    assert done.stdout.splitlines()[-1] == "bench bench.pytest_plugin"


def test_collecting_a_suite_imports_no_torch(project: Any) -> None:
    code = "import pytest, sys; pytest.main(sys.argv[1:]); print('torch' in sys.modules)"
    plugins = [word for plugin in ("pytest_benchmark.plugin", PLUGIN) for word in ("-p", plugin)]
    done = project.python("-c", code, *plugins, "--bench-suite=small.yaml", "--collect-only", "-q")

    assert "small.yaml::" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"


def test_it_is_registered_as_pytest_finds_plugins() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]

    assert declared == {"bench": "bench.pytest_plugin"}


# What is wrong is told


def told(done: Done) -> str:
    """Gives what a session that could not begin says, and asserts that it ended as pytest's usage errors do."""
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert done.stdout == ""
    return "\n".join(line for line in done.stderr.splitlines() if line)


def test_a_missing_pytest_benchmark_is_told_where_a_suite_is_asked_for(project: Any) -> None:
    done = project.pytest("--bench-suite=small.yaml", plugins=(PLUGIN,))

    assert told(done) == (
        "ERROR: --bench-suite: pytest-benchmark is not there; pip install 'bench-attention[pytest]', "
        "and no -p no:benchmark"
    )


def test_a_missing_pytest_benchmark_does_not_matter_where_none_is(project: Any) -> None:
    done = project.pytest("--collect-only", "-q", plugins=(PLUGIN,))

    assert done.returncode == 0
    assert "tests/test_own.py::test_threads" in done.stdout


def test_mistakes_in_a_suite_are_told_in_its_own_words(project: Any) -> None:
    (project.folder / "wrong.yaml").write_text("suite: wrong\nsweeps:\n  one: {operator: linfomer, ranks: 4}\n")

    assert told(project.pytest("--bench-suite=wrong.yaml")) == (
        "ERROR: wrong.yaml:3:19: unknown operator 'linfomer'; did you mean 'linformer'?\n"
        "ERROR: wrong.yaml:3:29: unknown word 'ranks'; did you mean 'rank'?"
    )


def test_a_suite_that_is_not_there_is_told(project: Any) -> None:
    message = "ERROR: none.yaml: cannot be read (No such file or directory); the path of a suite file"

    assert told(project.pytest("--bench-suite=none.yaml")) == message


def test_a_wrong_option_is_told_by_its_name_here(project: Any) -> None:
    message = "ERROR: --bench-where: 'seq_len' is no KEY=V[,V]; --bench-where seq_len=128,256"

    assert told(project.pytest("--bench-suite=small.yaml", "--bench-where=seq_len")) == message


def test_an_option_without_a_suite_is_told(project: Any) -> None:
    message = "ERROR: --bench-seed: there is no suite; --bench-suite FILE"

    assert told(project.pytest("--bench-seed=0")) == message
