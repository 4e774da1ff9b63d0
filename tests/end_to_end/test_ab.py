"""Two commits of a stranger's repository, measured beside each other as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BASE = '''
"""Variants of the plain formula."""

import time

from bench import operators

Naive = type(operators.load("full_naive"))


class Steady(Naive):
    pass


class Slowed(Naive):
    pass


class Hungry(Naive):
    pass


class Broken(Naive):
    pass


MEMBERS = {"steady": Steady(), "slowed": Slowed(), "hungry": Hungry(), "broken": Broken(), "gone": Steady()}
'''
HEAD = '''
"""Variants of the plain formula, changed."""

import time

import torch

from bench import operators

Naive = type(operators.load("full_naive"))


class Steady(Naive):
    pass


class Slowed(Naive):
    def build(self, case, generator):
        plain = super().build(case, generator)

        def attend(q, k, v, mask=None):
            start = time.perf_counter()
            output = plain(q, k, v)
            end = start + 3 * (time.perf_counter() - start)
            while time.perf_counter() < end:
                pass
            return output

        return attend


class Hungry(Naive):
    def build(self, case, generator):
        plain = super().build(case, generator)

        def attend(q, k, v, mask=None):
            spare = torch.empty(1 << 20)
            return plain(q, k, v)

        return attend


class Broken(Naive):
    def build(self, case, generator):
        raise ValueError("it broke")


MEMBERS = {"steady": Steady(), "slowed": Slowed(), "hungry": Hungry(), "broken": Broken(), "fresh": Steady()}
'''
SUITE = """
suite: toys
fixed: {{threads: 1}}
sweeps:
  core:
    scope: core
    operator: [sdpa, steady, slowed, hungry, broken, {last}]
    num_heads: 2
    head_dim: 16
    seq_len: 64
"""


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "--quiet")
    for text, last in ((BASE, "gone"), (HEAD, "fresh")):
        (folder / "toys.py").write_text(text)
        (folder / "toys.yaml").write_text(SUITE.format(last=last))
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", last)
    return folder


def ab(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path[1:])])}
    environment["TMPDIR"] = str(repository.parent)  # a lock of its own, whatever is measured on this machine
    command = [sys.executable, "-m", "bench", "ab", *words, "--plugin", "toys", "--results", "kept"]
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def compared(repository: Path) -> tuple[int, dict[tuple[str, str], dict[str, Any]], str]:
    """Gives exit code, verdicts by operator and metric, and what was told beside them."""
    # Enough for what is changed to be confirmed beside other programs too: 40 s were not.
    done = ab(repository, "HEAD~1", "HEAD", "toys.yaml", "--budget", "150s", "--format", "json")
    assert done.returncode in (0, 1, 3, 4), done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    return (
        done.returncode,
        {(v["case_id"].partition("[")[0], v["metric"]): v for v in verdicts},
        done.stderr,
    )


def test_a_confirmed_regression_gives_exit_code_1(compared) -> None:
    assert compared[0] == 1


def test_an_operator_that_takes_three_times_as_long_has_regressed(compared) -> None:
    found = compared[1]["slowed", "latency"]

    assert (found["verdict"], found["reason"]) == ("regressed", "beyond_margin")
    assert found["ratio_ci_low"] > 1.02
    assert found["head"] > found["base"]


def test_an_operator_that_is_unchanged_has_not_regressed(compared) -> None:
    assert compared[1]["steady", "latency"]["verdict"] in ("unchanged", "inconclusive")


def test_memory_is_gated_exactly(compared) -> None:
    found = compared[1]["hungry", "peak_tensor_bytes"]

    assert (found["verdict"], found["reason"]) == ("regressed", "more")
    assert found["head"] - found["base"] == 4 << 20


def test_what_fails_in_head_alone_is_told_with_its_reason(compared) -> None:
    found = compared[1]["broken", "case"]

    assert (found["verdict"], found["reason"]) == ("failed", "failed_in_head")
    assert "ValueError: it broke" in found["detail"]


def test_what_vanished_and_what_is_new_are_told(compared) -> None:
    assert compared[1]["gone", "case"]["verdict"] == "vanished"
    assert compared[1]["fresh", "case"]["verdict"] == "new"


def test_the_rounds_are_kept_and_judge_the_same_again(compared, repository: Path) -> None:
    from bench.analysis.ab import judge
    from bench.store.journal import read_journal

    folder = next((repository / "kept").iterdir())
    info = json.loads((folder / "ab.json").read_text())
    again = judge(info, read_journal(folder / "journal.jsonl").attempts)

    assert again.exit_code() == 1
    assert {(v.case_id.partition("[")[0], v.metric) for v in again.verdicts} == set(compared[1])


def test_the_repository_is_left_as_it_was(compared, repository: Path) -> None:
    assert git(repository, "status", "--porcelain", "--untracked-files=no") == ""
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_a_point_is_the_working_tree_with_what_is_not_committed(repository: Path) -> None:
    file = repository / "toys.yaml"
    text = file.read_text()
    file.write_text(text.replace("sdpa, steady, slowed, hungry, broken, ", "sdpa, "))
    try:
        done = ab(repository, "HEAD", ".", "toys.yaml", "--budget", "12s", "--format", "json")
    finally:
        file.write_text(text)
    told = json.loads(done.stdout)

    assert told["head"]["commit"] != told["base"]["commit"] == git(repository, "rev-parse", "HEAD")
    assert sum(v["verdict"] == "vanished" for v in told["verdicts"]) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("HEAD", "no-such-branch", "toys.yaml"),
            "error: no-such-branch: is no revision of this repository; a branch, a tag or a commit that "
            "`git rev-parse` knows; a shallow clone may lack it: git fetch\n",
        ),
        (
            ("HEAD", "HEAD", "nowhere.yaml"),
            "error: nowhere.yaml: is in neither revision, nor a file; a suite file, such as suites/nlp.yaml\n",
        ),
        (
            ("HEAD", "HEAD", "toys.yaml", "--margin", "2"),
            "error: --margin: 2 is no share between 0 and 1; --margin 0.1\n",
        ),
    ],
)
def test_what_cannot_be_compared_is_told_with_exit_code_2(
    repository: Path, words: tuple[str, ...], message: str
) -> None:
    done = ab(repository, *words)

    assert (done.returncode, done.stderr) == (2, message)
