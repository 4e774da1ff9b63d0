"""An attempt: what one process of one round gave. One line of the run's journal.

A worker makes attempts and nothing else; `table` puts the attempts of a case together into a record.
"""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["FAILURES", "NOT_TRIED", "STATUSES", "Attempt", "Block"]

STATUSES = (
    "ok",
    "oom",
    "timeout",
    "crashed",
    "nan",
    "unsupported",
    "skipped",
    "throttled",
    "device_lost",
    "interrupted",
)
FAILURES = frozenset({"oom", "timeout", "crashed", "nan", "device_lost"})
"""Statuses that make the run end with exit code 3."""

NOT_TRIED = frozenset({"unsupported", "skipped"})
"""Statuses of a case that nothing was asked of."""

_TIMED = frozenset({"ok", "throttled"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One timed block of equal calls, in one turn of a round."""

    turn: int
    """Which turn of the round, from 0."""
    calls: int
    """How many calls the block timed."""
    seconds: float
    """How long they took together."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one process gave.

    Raises:
        ValueError: an unknown status, or blocks beside a status that carries none.
    """

    case_hash: str
    """The case, or the pace-maker's own name."""
    kind: str
    """`timing`, or the pass: `cost`, `accuracy`, `hardness`."""
    status: str
    """One of `STATUSES`."""
    reason: str = ""
    """The detail of a status that is not `ok`, and what would mend it."""
    group: str = ""
    """Of timing: the part of a group whose processes were alive together."""
    round: int = 0
    """Of timing: which round of that group, from 0."""
    blocks: tuple[Block, ...] = ()
    """Of timing: the raw block times."""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Of a pass: column -> value. Of timing: what is known of the process (`compile_s`, `output_digest`, …)."""
    warnings: tuple[str, ...] = ()
    """What a reader must know beside the numbers."""
    started_s: float = 0.0
    """Seconds since the run began, by a monotonic clock."""
    wall_s: float = 0.0
    """Seconds from the asking for the process to its end."""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"unknown status {self.status!r}")
        if self.blocks and self.status not in _TIMED:
            raise ValueError(f"an attempt that is {self.status!r} carries no latency")

    @property
    def per_call_s(self) -> dict[int, float]:
        """Turn -> seconds a call."""
        return {block.turn: block.seconds / block.calls for block in self.blocks}

    @property
    def failed(self) -> bool:
        """Whether the status is a failure (exit code 3)."""
        return self.status in FAILURES

    def to_json(self) -> dict[str, Any]:
        """Gives what a journal line holds; blocks as ``[turn, calls, seconds]``."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        data["blocks"] = [[b.turn, b.calls, b.seconds] for b in self.blocks]
        data["warnings"] = list(self.warnings)
        return {name: value for name, value in data.items() if value not in ("", [], {}, None)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Attempt:
        """Gives the attempt whose `to_json` this is."""
        blocks = tuple(Block(turn=t, calls=c, seconds=s) for t, c, s in data.get("blocks", ()))
        return cls(**{**data, "blocks": blocks, "warnings": tuple(data.get("warnings", ()))})
