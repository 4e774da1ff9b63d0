"""A run: a folder under `results/` with `run.json`, `journal.jsonl` and, at the end, `records.parquet`.

`run.json` says all that the reading side needs: suite, planned cases with their closed forms, columns, labels,
environment. Every file but the journal is written whole: to a temporary name, fsynced, then renamed.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bench.errors import StoreError, UsageError

__all__ = [
    "PairedRun",
    "Run",
    "create",
    "earlier_paces",
    "find",
    "finished",
    "new_folder",
    "open_run",
    "write_text",
    "write_whole",
]

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,95}\Z")


class Run:
    """A run's folder.

    Args:
        path: of the folder.
        info: what `run.json` holds.
    """

    file_name = "run.json"

    def __init__(self, path: Path, info: dict[str, Any]) -> None:
        self.path, self.info = path, info

    @property
    def name(self) -> str:
        """The folder's name, which names the run."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The attempts, one a line."""
        return self.path / "journal.jsonl"

    @property
    def records(self) -> Path:
        """The table, written at the end."""
        return self.path / "records.parquet"

    @property
    def log(self) -> Path:
        """What workers printed."""
        return self.path / "workers.log"

    def save(self, **changes: Any) -> None:
        """Writes `run.json` anew, with some entries changed."""
        self.info = {**self.info, **changes}
        text = json.dumps(self.info, indent=1, sort_keys=True, allow_nan=False)
        write_text(self.path / self.file_name, text + "\n")


class PairedRun(Run):
    """A folder in which two revisions were measured beside each other; its `ab.json` says which, and of what."""

    file_name = "ab.json"


Kind = TypeVar("Kind", bound=Run)


def create(results: Path, suite: str, info: dict[str, Any], kind: type[Kind] = Run) -> Kind:  # type: ignore[assignment]
    """Makes a new run's folder, its name from the suite and the time, and writes `run.json` (`ab.json`).

    Raises:
        StoreError: the folder cannot be made or written.
    """
    path = new_folder(results, suite)
    now = datetime.datetime.now(datetime.UTC)
    run = kind(path, {"run": path.name, "started_utc": now.isoformat(timespec="seconds"), **info})
    run.save()
    return run


def new_folder(results: Path, prefix: str) -> Path:
    """Makes a new folder under `results`, its name the prefix, the time and four random digits.

    Raises:
        StoreError: it cannot be made.
    """
    now = datetime.datetime.now(datetime.UTC)
    folder = results / f"{prefix}-{now:%Y%m%dt%H%M%S}-{secrets.token_hex(2)}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(str(folder), f"cannot be made ({error.strerror})", "--results a folder that can") from error
    return folder


def open_run(path: Path, kind: type[Kind] = Run) -> Kind:  # type: ignore[assignment]
    """Opens a run's folder.

    Raises:
        UsageError: it is no run of that kind, or its `run.json` is damaged.
    """
    file = path / kind.file_name
    if not file.is_file():
        raise UsageError(str(path), f"is no run (it has no {kind.file_name})", "a folder under results/")
    try:
        return kind(path, json.loads(file.read_text()))
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{file}:{error.lineno}", f"is damaged ({error.msg})", "restore it; the journal is apart"
        ) from error


def find(results: Path, name: str) -> Run:
    """Opens the run that a command line names: a folder, or a name under `results`.

    Raises:
        UsageError: there is none.
    """
    direct = Path(name)
    if (direct / "run.json").is_file():
        return open_run(direct)
    if _SLUG.match(name) and (results / name).resolve().is_relative_to(results.resolve()):
        return open_run(results / name)
    raise UsageError(name, "is no run", f"a run's folder, or its name under {results}")


def finished(results: Path, machine: str, torch: str) -> list[Run]:
    """Gives the runs under `results` that came to their end on a machine with a version of torch, oldest first."""
    runs: list[Run] = [open_run(file.parent) for file in sorted(results.glob("*/run.json"))]
    alike = [
        run
        for run in runs
        if run.info.get("state") == "done"
        and run.info.get("paces_s")  # it measured something
        and (run.info["machine"]["name"], run.info["versions"]["torch"]) == (machine, torch)
    ]
    return sorted(alike, key=lambda run: str(run.info["started_utc"]))


def earlier_paces(runs: Sequence[Run]) -> dict[str, list[float]]:
    """Gives the median paces of runs: use of the machine (device and threads) -> seconds, one a run."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for use, pace_s in run.info.get("paces_s", {}).items():
            found.setdefault(use, []).append(pace_s)
    return found


def write_text(path: Path, text: str) -> None:
    """Writes a text file so that it is there whole or not at all.

    Raises:
        StoreError: as `write_whole`.
    """
    write_whole(path, lambda temporary: _fill(temporary, text))


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Writes a file so that it is there whole or not at all.

    Args:
        path: the file.
        write: fills a temporary path beside it.

    Raises:
        StoreError: the disk is full, or the folder cannot be written; what stood there before still stands.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
        try:
            write(Path(temporary))
            _sync(Path(temporary))
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
            _sync(path.parent)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    except OSError as error:
        raise StoreError(
            str(path), f"cannot be written ({error.strerror or error})", "free space or permission there"
        ) from error


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
