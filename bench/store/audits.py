"""An audit on disk: a folder under `results/` with `audit.json`, written whole or not at all."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from bench.store.run import new_folder, write_text

__all__ = ["create_audit", "read_audit"]

_FILE = "audit.json"


def create_audit(results: Path, audit: dict[str, Any]) -> Path:
    """Writes an audit into a new folder, named by the time.

    Args:
        results: the folder of runs.
        audit: its rows, versions and machine, as JSON takes them; `audit` and `stored_utc` are added.

    Returns:
        The new folder.

    Raises:
        StoreError: the folder cannot be made or written.
    """
    folder, now = new_folder(results, "audit"), datetime.datetime.now(datetime.UTC)
    told = {"audit": folder.name, "stored_utc": now.isoformat(timespec="seconds"), **audit}
    write_text(folder / _FILE, json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return folder


def read_audit(folder: Path) -> dict[str, Any]:
    """Reads a stored audit.

    Raises:
        UsageError: the folder is no audit, or its file is damaged.
    """
    file = folder / _FILE
    if not file.is_file():
        raise UsageError(str(folder), f"is no audit (it has no {_FILE})", "a folder of bench audit under results/")
    try:
        audit: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}", f"is damaged ({error.msg})", "run bench audit again") from error
    return audit
