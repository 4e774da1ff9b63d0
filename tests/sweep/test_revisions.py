"""Two checkouts of a repository: which code runs there, and what is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.sweep.revisions import checkouts, suite_files


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for number in (1, 2):
        (folder / "value.txt").write_text(str(number))
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", str(number))
    return folder


def silent(text: str) -> None:
    raise AssertionError(f"nothing takes a while here, but it told: {text}")


def test_each_side_has_the_files_of_its_revision_and_paths_are_equally_long(repository: Path) -> None:
    with checkouts(repository, "HEAD~1", "HEAD", silent) as (base, head):
        folders = [side.place.folder for side in (base, head)]
        read = [(folder / "value.txt").read_text() for folder in folders if folder]

    assert read == ["1", "2"]
    assert len({len(str(folder)) for folder in folders}) == 1
    assert base.commit == git(repository, "rev-parse", "HEAD~1")


def test_modules_of_the_checkout_come_before_those_that_are_installed(repository: Path) -> None:
    with checkouts(repository, "HEAD", "HEAD", silent) as (base, _):
        path = base.place.environment()["PYTHONPATH"].split(":")

        assert path[:2] == [str(base.place.folder), f"{base.place.folder}/src"]


def test_a_point_has_what_is_not_committed_and_leaves_it_there(repository: Path) -> None:
    (repository / "value.txt").write_text("3")
    with checkouts(repository, "HEAD", ".", silent) as (_, head):
        assert head.place.folder is not None
        assert (head.place.folder / "value.txt").read_text() == "3"

    assert (repository / "value.txt").read_text() == "3"


def test_of_files_that_git_does_not_track_a_reader_is_told(repository: Path) -> None:
    for name in "abcd":
        (repository / f"{name}.py").touch()
    with checkouts(repository, "HEAD", ".", silent) as (base, head):
        assert base.note == ""
        assert head.note == "not tracked by git, and so not measured: a.py, b.py, c.py and 1 more; git add"


def test_nothing_is_left_behind_even_after_a_fault(repository: Path) -> None:
    with pytest.raises(RuntimeError, match="on purpose"), checkouts(repository, "HEAD", "HEAD", silent):
        raise RuntimeError("on purpose")

    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_what_a_killed_comparison_left_is_removed_and_what_a_living_one_has_is_not(
    repository: Path, tmp_path: Path
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, living = (tmp_path / f"bench-ab-{pid}-x" for pid in (ended.pid, os.getpid()))
    for folder in (left, living):
        git(repository, "worktree", "add", "--quiet", "--detach", str(folder / "a"), "HEAD")
    with checkouts(repository, "HEAD", "HEAD", silent):
        pass

    assert (left.exists(), living.exists()) == (False, True)
    assert len(git(repository, "worktree", "list").splitlines()) == 2


def test_what_a_killed_comparison_left_in_a_folder_that_is_gone_is_forgotten(
    repository: Path, tmp_path: Path
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f"bench-ab-{ended.pid}-x"
    git(repository, "worktree", "add", "--quiet", "--detach", str(left / "a"), "HEAD")
    shutil.rmtree(left)
    with checkouts(repository, "HEAD", "HEAD", silent):
        pass

    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_code_of_the_working_tree_in_place_of_a_revision_s_own_is_refused(repository: Path, tmp_path: Path) -> None:
    """As where a package below the root is installed in place, so that both sides would import the same file."""
    (repository / "untracked.py").touch()
    with checkouts(repository, "HEAD~1", "HEAD", silent) as (base, _):
        assert base.place.folder
        with pytest.raises(UsageError, match="which is the working tree's, in place of its own"):
            base._check_own(repository / "value.txt")
        for file in (base.place.folder / "value.txt", repository / "untracked.py", tmp_path / "elsewhere.py"):
            base._check_own(file)


def test_a_suite_that_is_changed_and_not_committed_is_told(repository: Path) -> None:
    (repository / "value.txt").write_text("3")  # neither side's
    with checkouts(repository, "HEAD~1", "HEAD", silent) as (base, head):
        files, notes = suite_files(repository / "value.txt", base, head)

        assert [file.read_text() for file in files] == ["1", "2"]
        assert len(notes) == 1
        assert "value.txt is changed here" in notes[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nothing",
            "nothing: is no revision of this repository; a branch, a tag or a commit that `git rev-parse` knows; "
            "a shallow clone may lack it: git fetch",
        ),
        ("--help", "--help: is no git revision; a branch, a tag or a commit"),
    ],
)
def test_what_is_no_revision_is_told(repository: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError) as raised, checkouts(repository, name, "HEAD", silent):
        pass

    assert str(raised.value) == message


def test_outside_a_repository_git_s_own_words_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"), checkouts(tmp_path, "HEAD", "HEAD", silent):
        pass


def test_where_requirements_are_equal_both_share_this_interpreter(repository: Path) -> None:
    (repository / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["six"]\n[tool.x]\na = 1\n')
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "project")
    (repository / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["six"]\n[tool.x]\na = 2\n')
    git(repository, "commit", "--quiet", "-am", "a setting of a tool")
    with checkouts(repository, "HEAD~1", "HEAD", silent) as (base, head):
        assert base.place.python == head.place.python


@pytest.mark.slow
def test_where_requirements_differ_each_side_has_an_environment_of_its_own(repository: Path) -> None:
    project = """
[build-system]
requires = []
build-backend = "build"
backend-path = ["."]

[project]
name = "x"
version = "1"
"""
    backend = """
import pathlib, zipfile


def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(folder) / "x-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("marker_of_x.py", "")
        wheel.writestr("x-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: x\\nVersion: 1\\n")
        wheel.writestr("x-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("x-1.dist-info/RECORD", "")
    return "x-1-py3-none-any.whl"
"""
    (repository / "pyproject.toml").write_text(project)
    (repository / "build.py").write_text(backend)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "project")
    (repository / "pyproject.toml").write_text(project + "dependencies = []\n")
    git(repository, "commit", "--quiet", "-am", "says that it needs nothing")
    told: list[str] = []
    with checkouts(repository, "HEAD~1", "HEAD", told.append) as sides:
        for side in sides:
            done = subprocess.run([side.place.python, "-c", "import marker_of_x"], capture_output=True, check=False)
            assert done.returncode == 0

    assert len(told) == 2
    assert len({side.place.python for side in sides}) == 2
