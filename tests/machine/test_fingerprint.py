"""What machine this is, and which tree measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.machine.fingerprint import cores, git_commit, machine, versions


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one committed file."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("old")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_the_commit_of_a_checkout_is_its_head(checkout: Path) -> None:
    assert git_commit(checkout) == git(checkout, "rev-parse", "HEAD")


def test_a_changed_file_makes_it_dirty(checkout: Path) -> None:
    (checkout / "file").write_text("new")

    assert git_commit(checkout) == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_an_untracked_file_does_not(checkout: Path) -> None:
    (checkout / "results").write_text("")

    assert git_commit(checkout) == git(checkout, "rev-parse", "HEAD")


def test_a_package_installed_inside_somebody_s_project_has_not_that_project_s_commit(checkout: Path) -> None:
    package = checkout / ".venv" / "bench"
    package.mkdir(parents=True)
    (package / "case.py").write_text("")

    assert git_commit(package) is None


def test_outside_a_checkout_there_is_no_commit(tmp_path: Path) -> None:
    assert git_commit(tmp_path) is None


def test_the_name_is_a_slug_of_model_cores_and_a_digest() -> None:
    found = machine()

    assert re.fullmatch(rf"[a-z0-9-]+-{cores()}c-[0-9a-f]{{6}}", found["name"])
    assert found["name"] == machine()["name"]


def test_a_machine_can_be_written_as_json() -> None:
    found = machine()

    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_fewer_cores_are_another_machine() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + (
        "from bench.machine.fingerprint import machine; print(machine()['name'], machine()['cores'])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    name, count = done.stdout.split()

    assert count == "1"
    assert (name == machine()["name"]) == (cores() == 1)


def test_only_variables_that_change_threads_and_devices_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")

    assert machine()["environment"]["OMP_NUM_THREADS"] == "3"
    assert "secret" not in json.dumps(machine())


def test_versions_are_told_without_importing_torch() -> None:
    code = "import sys; from bench.machine.fingerprint import versions; print(versions()['torch'])\n" + (
        "sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == versions()["torch"] != "not installed"
