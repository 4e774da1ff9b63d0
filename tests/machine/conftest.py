"""Other machines, as folders that hold their `/proc` and `/sys`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.machine.finding import Sight
from bench.machine.watch import Watched

QUIET: dict[str, Any] = {
    "seconds": 2.0,
    "busy_cores": 0.0,
    "steal_cores": 0.0,
    "waiting_share": 0.0,
    "swapped_pages": 0,
    "throttled": 0,
}
UNREADABLE: dict[str, Any] = {**dict.fromkeys(QUIET), "seconds": 2.0}


@pytest.fixture
def put(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Gives a function: path -> text, written under a root; gives the root."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.fixture
def sight(put: Callable[[Mapping[str, str]], Path]) -> Callable[..., Sight]:
    """Gives a function: files, and what else differs from a quiet machine of four cores -> what checks look at."""

    def see(files: Mapping[str, str] | None = None, **changes: Any) -> Sight:
        watched = Watched(**{**QUIET, **changes.pop("watched", {})})
        plain: dict[str, Any] = {"cpus": (0, 1, 2, 3), "cores": 4, "memory_bytes": 16 << 30, "environment": {}}
        return Sight(root=put(files or {}), watched=watched, **{**plain, **changes})

    return see


@pytest.fixture
def blind(sight: Callable[..., Sight]) -> Sight:
    """A machine of which nothing can be read."""
    return sight(watched=UNREADABLE)
