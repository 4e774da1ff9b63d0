"""A case -> a folder that says why it takes what it takes: each part in a pass and a process of its own.

Goes in: a case and a folder. Comes out: the folder's files and what they say, as `profile.json` holds it. A part that
is not permitted or not there costs itself alone and stands under `unavailable` with its remedy.
"""

from __future__ import annotations

import datetime
import json
import re
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.case import Case
from bench.errors import StoreError, UsageError
from bench.machine.fingerprint import git_commit, machine, versions
from bench.profile import nvml, picture, pyspy
from bench.profile.process import LOG, Job
from bench.profile.summary import summary
from bench.report.cells import write_csv
from bench.store.run import write_text, write_whole

__all__ = ["FACTS", "fresh_folder", "slug", "take"]

FACTS = "profile.json"
"""What was found, for programs and for `difference`."""
_SUMMARY, _SERIES = "summary.md", "nvml.csv"

_SCHEMA = 1  # of profile.json. 1: first.


def slug(case: Case) -> str:
    """Gives a case's name for a folder: what its id says, and a part of its hash."""
    words = re.sub(r"[^a-z0-9._]+", "-", case.case_id.lower().replace("=", "")).strip("-.")
    return f"{words[:100]}-{case.case_hash[:8]}"


def fresh_folder(path: Path, *, exact: bool) -> Path:
    """Makes a folder for one profile.

    Args:
        path: where.
        exact: whether it must be this one; else, where a profile is there, a number is put behind.

    Raises:
        UsageError: it must be this one, and it is not empty.
        StoreError: it cannot be made.
    """
    chosen, number = path, 2
    while chosen.exists() and not (exact or _empty(chosen)):
        chosen, number = path.with_name(f"{path.name}-{number}"), number + 1
    if chosen.exists() and not _empty(chosen):
        raise UsageError(f"--output {path}", "is there and not empty", "a new folder")
    try:
        chosen.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(str(chosen), f"cannot be made ({error.strerror})", "--output another folder") from error
    return chosen


def take(
    case: Case, folder: Path, *, seconds: float, plugins: Sequence[str] = (), tell: Callable[[str], None]
) -> dict[str, Any]:
    """Makes every pass and writes every file.

    Args:
        case: what is looked at.
        folder: an empty folder.
        seconds: how long the case is called for the stacks, and for the GPU's series.
        plugins: modules whose operators are added.
        tell: is told what begins.

    Returns:
        What `profile.json` holds. `status` is that of the torch trace: where it is not `ok`, the case itself failed,
        and there is no more.
    """
    job = Job(case, folder.resolve(), seconds, plugins)
    profile = _about(job)
    tell("torch trace")
    answer = job.ask("trace")
    profile |= {"status": answer.status, "reason": answer.reason}
    if answer.status == "ok":
        profile["trace"] = answer.facts
        _write_rows(folder / "operators.csv", answer.facts["operators"])
        tell("memory of one call")
        _memory(job, profile)
        tell("stacks by py-spy")
        _part(profile, "stacks", *pyspy.record(job))
        tell("series of the GPU")
        rows, reason = nvml.record(job)
        if rows:
            _write_rows(folder / _SERIES, rows)
        _part(profile, "nvml", _spread(rows), reason)
    there = {path.name for path in folder.iterdir()} | {FACTS, _SUMMARY}
    profile["files"] = sorted(there)
    write_text(folder / FACTS, json.dumps(profile, indent=1) + "\n")
    write_text(folder / _SUMMARY, summary(profile))
    return profile


def _empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _about(job: Job) -> dict[str, Any]:
    here = machine()
    return {
        "schema": _SCHEMA,
        "case_id": job.case.case_id,
        "case_hash": job.case.case_hash,
        "case": job.case.to_json(),
        "threads": job.threads,
        "taken_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": here,
        "versions": versions(),
        "commit": git_commit(Path(__file__).parents[1]),
        "log": LOG,
        "trace": None,
        "memory": None,
        "stacks": None,
        "nvml": None,
        "unavailable": {},
    }


def _part(profile: dict[str, Any], name: str, facts: dict[str, Any], reason: str) -> None:
    if reason:
        profile["unavailable"][name] = reason
    else:
        profile[name] = facts


def _memory(job: Job, profile: dict[str, Any]) -> None:
    answer = job.ask("memory")
    if answer.status != "ok":
        profile["unavailable"]["memory"] = f"{answer.status}: {answer.reason}"
        return
    names = ["time_s", "bytes", "live_bytes", "operator", "source"]
    timeline = [dict(zip(names, row, strict=True)) for row in answer.facts["timeline"]]
    _write_rows(job.folder / "memory.csv", timeline, names)
    _write_rows(job.folder / "allocations.csv", answer.facts["allocations"])
    picture.draw(answer.facts, job.case.case_id, job.folder)
    profile["memory"] = {name: value for name, value in answer.facts.items() if name != "timeline"}


def _spread(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Gives least, middle and largest of each column of a series, and what slowed the clocks."""
    facts: dict[str, Any] = {"samples": len(rows)}
    for name in nvml.COLUMNS[1:-1]:
        values = [row[name] for row in rows if row[name] is not None]
        facts[name] = [min(values), statistics.median(values), max(values)] if values else None
    facts["throttle_reasons"] = sorted({row["throttle_reasons"] for row in rows if row["throttle_reasons"]})
    return facts


def _write_rows(path: Path, rows: Sequence[dict[str, Any]], names: list[str] | None = None) -> None:
    write_whole(path, lambda temporary: write_csv(pd.DataFrame(rows, columns=names), temporary))
