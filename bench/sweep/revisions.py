"""Two git revisions -> two checkouts, each with the environment that it asks for, and what each plans of a suite.

A checkout is a worktree of the repository in a temporary folder; nothing of the user's own tree is touched. Paths are
of equal length, since even the length of a path moves memory. Where both revisions require the same packages they
share this interpreter; where they differ each gets a virtual environment of its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.case import Case
from bench.errors import UsageError
from bench.sweep.processes import Place

__all__ = ["CannotPlanError", "Revision", "Sought", "checkouts", "suite_files"]

_WORKING_TREE = "."
_NAMED = 3  # files in a note
_PREFIX, _SIDES = "bench-ab-", ("a", "b")
_REQUIREMENT_FILES = ("constraints.txt", "requirements*.txt", "setup.py", "setup.cfg", "*.lock")


class CannotPlanError(UsageError):
    """A revision knows a word of the suite not, or of the command line: what it lacks, the other may have added."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sought:
    """A case as one revision plans it."""

    case: Case
    row: Mapping[str, Any]
    """Its row of the plan: closed forms, status and reason."""

    @property
    def timed(self) -> bool:
        """Whether it is timed there; an oracle beyond its size is planned for its errors alone, with a reason."""
        return self.row["status"] == "planned" and not self.row["reason"]


@dataclasses.dataclass(frozen=True, slots=True)
class Revision:
    """A revision that is checked out."""

    name: str
    """As it was asked for."""
    commit: str
    place: Place
    """Which code its processes run."""
    root: Path
    """The repository's own folder."""
    note: str = ""
    """What of it is not measured; empty where all of it is."""

    def plan(self, suite: Path, words: Sequence[str]) -> list[Sought]:
        """Gives what it plans of a suite, in the suite's order.

        Args:
            suite: the suite's file, whether or not the revision has it.
            words: further words of ``bench plan``.

        Raises:
            CannotPlanError: the suite, or a word, is wrong there.
            UsageError: its `bench` fails, or it would run the working tree's code in place of its own.
        """
        command = [self.place.python, "-m", "bench", "plan", str(suite), "--format", "json", *words]
        done = subprocess.run(
            command, cwd=self.place.folder, env=self.place.environment(), capture_output=True, text=True
        )
        if done.returncode:
            told = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            kind = CannotPlanError if done.returncode == UsageError.exit_code else UsageError
            raise kind(f"{self.name}: {suite}", f"cannot be planned there ({''.join(told)})", "mend the suite")
        rows = json.loads(done.stdout)
        for file in sorted({row["source"] for row in rows if row.get("source")}):
            self._check_own(Path(file).resolve())
        return [_sought(self.name, row) for row in rows]

    def _check_own(self, file: Path) -> None:
        """An operator that is installed from the working tree would be the same on both sides, whatever changed."""
        within = file.is_relative_to(self.root) and not (self.place.folder and file.is_relative_to(self.place.folder))
        if within and _git(self.root, "ls-files", "--", str(file)):
            found = f"would run {file}, which is the working tree's, in place of its own"
            raise UsageError(
                self.name, found, "modules are looked for in the root folder of a revision and in its src/"
            )


@contextlib.contextmanager
def checkouts(
    repository: Path, base: str, head: str, told: Callable[[str], None]
) -> Iterator[tuple[Revision, Revision]]:
    """Checks two revisions out, and removes them again.

    Args:
        repository: a folder inside the repository.
        base: a revision, as git understands it; ``.`` is the working tree as it is, without untracked files.
        head: the same.
        told: takes a sentence for a person, about what takes a while.

    Raises:
        UsageError: it is no repository, or has no such revision, or a checkout cannot be installed.
    """
    root = Path(_git(repository, "rev-parse", "--show-toplevel")).resolve()
    _remove_abandoned(root)
    commits = [_commit(root, name) for name in (base, head)]
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as temporary:
        folders = [Path(temporary).resolve() / side for side in _SIDES]
        try:
            for folder, commit in zip(folders, commits, strict=True):
                _git(root, "worktree", "add", "--quiet", "--detach", str(folder), commit)
            shared = _requirements(folders[0]) == _requirements(folders[1])
            places = [Place(folder=folder) if shared else _installed(folder, told) for folder in folders]
            first, second = (
                Revision(name, commit, place, root, _untracked(root) if name == _WORKING_TREE else "")
                for name, commit, place in zip((base, head), commits, places, strict=True)
            )
            yield first, second
        finally:
            for folder in folders:
                if folder.exists():
                    _git(root, "worktree", "remove", "--force", str(folder))


def suite_files(suite: Path, base: Revision, head: Revision) -> tuple[list[Path], list[str]]:
    """Gives the suite's file of base and of head, and what a reader must know of that.

    It is the side's own where it has one, else the other's, else the file that is named.

    Where it is committed, what is changed in the working tree and not committed is not planned, and that is told.

    Raises:
        UsageError: there is no such file anywhere.
    """
    here = suite.resolve()
    root = next((parent for parent in here.parents if (parent / ".git").exists()), None)
    own: list[Path | None] = []
    for revision in (base, head):
        file = revision.place.folder / here.relative_to(root) if root and revision.place.folder else None
        own.append(file if file and file.is_file() else None)
    if own[0] and own[1]:
        changed = here.is_file() and here.read_bytes() not in (own[0].read_bytes(), own[1].read_bytes())
        note = f"{suite} is changed here: each side plans its own, as committed; . takes the working tree"
        return [own[0], own[1]], [note] if changed else []
    stand_in = own[1] or own[0] or (here if here.is_file() else None)
    if stand_in is None:
        raise UsageError(str(suite), "is in neither revision, nor a file", "a suite file, such as suites/nlp.yaml")
    missing = [each.name for each, file in zip((base, head), own, strict=True) if file is None]
    note = f"{suite} is not in {' and '.join(missing)}: planned there by the file of the other side"
    return [own[0] or stand_in, own[1] or stand_in], [note] if any(own) else []


def _remove_abandoned(root: Path) -> None:
    """Removes the checkouts of comparisons that were killed: of processes that are no more."""
    for line in _git(root, "worktree", "list", "--porcelain").splitlines():
        folder = Path(line.removeprefix("worktree "))
        pid = folder.parent.name.removeprefix(_PREFIX).partition("-")[0]
        ours = line.startswith("worktree ") and folder.parent.name.startswith(_PREFIX) and pid.isdigit()
        if ours and not Path(f"/proc/{pid}").exists():
            # A part of it may be gone already, and git would refuse the rest.
            shutil.rmtree(folder, ignore_errors=True)
            _git(root, "worktree", "remove", "--force", str(folder))
            if not any((folder.parent / side).exists() for side in _SIDES):
                shutil.rmtree(folder.parent, ignore_errors=True)  # with its environments; it may be gone already


def _commit(root: Path, name: str) -> str:
    if name == _WORKING_TREE:
        return _git(root, "stash", "create") or _git(root, "rev-parse", "HEAD")
    if name.startswith("-"):  # git would take it for an option
        raise UsageError(name, "is no git revision", "a branch, a tag or a commit")
    return _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", missing=name)


def _untracked(root: Path) -> str:
    """Gives what a reader must know of files that git does not track; ``git stash create`` leaves them out."""
    files = _git(root, "ls-files", "--others", "--exclude-standard").splitlines()
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return f"not tracked by git, and so not measured: {', '.join(files[:_NAMED])}{more}; git add" if files else ""


def _git(folder: Path, *words: str, missing: str = "") -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout.strip()
    if missing:
        right = "a branch, a tag or a commit that `git rev-parse` knows; a shallow clone may lack it: git fetch"
        raise UsageError(missing, "is no revision of this repository", right)
    raise UsageError(f"git {words[0]}", " ".join(done.stderr.split()) or "failed", "a git repository")


def _requirements(folder: Path) -> dict[str, Any]:
    """Gives what a checkout asks to be installed, in whatever form it says so."""
    found: dict[str, Any] = {
        file.name: file.read_bytes() for pattern in _REQUIREMENT_FILES for file in sorted(folder.glob(pattern))
    }
    project = _project(folder)
    return found | {name: project.get(name) for name in ("requires-python", "dependencies", "optional-dependencies")}


def _project(folder: Path) -> dict[str, Any]:
    file = folder / "pyproject.toml"
    found: dict[str, Any] = (
        tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}) if file.exists() else {}
    )
    return found


def _installed(folder: Path, told: Callable[[str], None]) -> Place:
    """Makes an environment beside a checkout and installs it there, with the extra `all` where it has one."""
    told(f"the revisions require different packages: installing those of {folder.name} in an environment of its own")
    environment = folder.parent / f"{folder.name}-env"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    extra = "[all]" if "all" in _project(folder).get("optional-dependencies", {}) else ""
    constraints = ["-c", "constraints.txt"] if (folder / "constraints.txt").exists() else []
    words = ["install", "--quiet", *constraints, "-e", f".{extra}"]
    done = subprocess.run([str(python), "-m", "pip", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        last = " ".join(done.stderr.split())[-400:]
        raise UsageError(f"pip {' '.join(words)}", f"failed: {last}", "a revision whose packages can be installed")
    return Place(str(python), folder)


def _sought(revision: str, row: Mapping[str, Any]) -> Sought:
    if "case" not in row:
        raise UsageError(revision, "has a bench whose plan names no cases", "a later revision")
    case = Case.from_json(row["case"])
    if case.case_hash != row["case_hash"]:
        found = f"means another measurement by {case.case_id} than this bench"
        raise UsageError(revision, found, "revisions with one definition of a case")
    return Sought(case, row)
