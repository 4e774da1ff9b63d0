"""A run whose answers were put into it: one baseline, one case that takes `RATIO` times as long, a pace-maker."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.attempt import Attempt, Block
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.store.journal import Journal
from bench.store.run import Run, create

PACE_S, BASE_S, RATIO = 1e-3, 2e-3, 0.5
DIGEST = [4096.0, 1.0, 0.01, -0.01]


def entry(name: str, **changes: Any) -> dict[str, Any]:
    """Gives what `run.json` says of a planned case."""
    row = {
        "case_id": name,
        "case_hash": name,
        "operator": name,
        "device": "cpu",
        "threads": 2,
        "dtype": "float32",
        "phase": "forward",
        "seq_len": 64,
        "causal": False,
        "baseline": "base",
        "group": "g",
        "family": "attention",
        "label": name.upper(),
        "flops_formula": 1000,
        "bytes_min": 100,
        "trainable_parameters": 0,
    }
    row |= changes.pop("row", {})
    plain = {"case_hash": name, "status": "planned", "reason": "", "timed": True, "baseline_hash": "base"}
    return {**plain, "row": row, **changes}


def info(*cases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Gives a `run.json`."""
    return {
        "schema": SCHEMA_VERSION,
        "run": "r",
        "suite": "s",
        "commit": None,
        "started_utc": "2026-01-01T00:00:00+00:00",
        "machine": {"name": "m"},
        "settings": {"budget_s": 60.0, "precision": 0.02, "rounds": [3, 8]},
        "state": "done",
        "columns": [dataclasses.asdict(column) for column in COLUMNS],
        "cases": list(cases) or [entry("base"), entry("case")],
        **changes,
    }


def timed(name: str, number: int, seconds: float, *, group: str = "g", **changes: Any) -> Attempt:
    """Gives an attempt of three turns in which every call took as long."""
    blocks = tuple(Block(turn=turn, calls=4, seconds=4 * seconds) for turn in range(3))
    facts = {"digest": DIGEST, "foreign_share": 0.0, "peak_rss_bytes": 1 << 20, "first_call_s": 0.5}
    plain: dict[str, Any] = {"kind": "timing", "status": "ok", "blocks": blocks, "facts": facts}
    return Attempt(case_hash=name, group=group, round=number, **{**plain, **changes})


def failed(
    name: str, number: int = 0, *, kind: str = "timing", status: str = "crashed", reason: str = "why"
) -> Attempt:
    return Attempt(case_hash=name, kind=kind, status=status, reason=reason, group="g", round=number)


def cost(name: str, **facts: Any) -> Attempt:
    return Attempt(case_hash=name, kind="cost", status="ok", facts={"output_digest": DIGEST, **facts})


def rounds(
    slowness: Sequence[float] = (1.0,) * 6, *, cases: Sequence[str] = ("case",), group: str = "g"
) -> list[Attempt]:
    """Gives rounds in which the machine is so many times slower than usual; the pace-maker comes last."""
    found = []
    for number, slow in enumerate(slowness):
        found.append(timed("base", number, BASE_S * slow, group=group))
        found += [timed(name, number, RATIO * BASE_S * slow, group=group) for name in cases]
        found.append(timed("pacemaker", number, PACE_S * slow, group=group))
    return found


@pytest.fixture(scope="session")
def planted() -> SimpleNamespace:
    """What tests of this folder build runs with."""
    makers = {"entry": entry, "info": info, "timed": timed, "failed": failed, "cost": cost, "rounds": rounds}
    return SimpleNamespace(pace_s=PACE_S, base_s=BASE_S, ratio=RATIO, digest=DIGEST, **makers)


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., Run]:
    """Gives a function: attempts, and changes of `run.json` -> the run on disk."""

    def store(attempts: Sequence[Attempt], **changes: Any) -> Run:
        run = create(tmp_path / "results", "s", {**info(), **changes})
        run.save(run=run.name)
        with Journal(run.journal) as journal:
            journal.append(attempts)
        return run

    return store
