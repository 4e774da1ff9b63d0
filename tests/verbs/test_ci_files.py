"""The files under docs/ci: they parse, ask for no more than they need, and every `bench` command in them is valid."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.__main__ import _load as load_verb

CI = Path(__file__).parents[2] / "docs" / "ci"
GITHUB = yaml.safe_load((CI / "github.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((CI / "gitlab.yml").read_text(encoding="utf-8"))
STEPS = [step for job in GITHUB["jobs"].values() for step in job["steps"]]


def lines() -> Iterator[str]:
    yield from (step["run"] for step in STEPS if "run" in step)
    for words in ("before_script", "script"):
        yield from GITLAB["bench"][words]
    yield from (
        line for line in (CI / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("python")
    )


def commands() -> list[str]:
    return [line for line in lines() if line.startswith("python -m bench ")]


def test_the_files_call_bench():
    assert len(commands()) == 9


@pytest.mark.parametrize("line", commands())
def test_each_command_is_one_that_bench_takes(line: str):
    words = shlex.split(re.split(r">>|\|\|", line)[0], comments=True)[3:]
    parser = argparse.ArgumentParser(prog=words[0])
    load_verb(words[0]).add_arguments(parser)

    assert vars(parser.parse_args(words[1:]))


def test_the_workflow_may_only_read():
    assert GITHUB["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in GITHUB["jobs"].values())


def test_no_step_keeps_the_token():
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]

    assert [step["with"]["persist-credentials"] for step in checkouts] == [False, False]


def test_actions_are_pinned_by_commit_with_the_version_beside_it():
    used = re.findall(r"uses: (.*)", (CI / "github.yml").read_text(encoding="utf-8"))

    assert len(used) == 8
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used)


def test_nothing_from_outside_is_pasted_into_a_script():
    assert not any("${{" in step["run"] for step in STEPS if "run" in step)


def test_a_merge_request_keeps_the_report_of_a_job_that_failed():
    artifacts: dict[str, Any] = GITLAB["bench"]["artifacts"]

    assert (artifacts["when"], artifacts["reports"]) == ("always", {"junit": "bench.xml"})
    assert "--output bench.xml" in GITLAB["bench"]["script"][0]
