"""What a look at the machine says, and what it looks with: the nouns of `bench doctor`.

A check (a file of `checks/`) is handed a `Sight` and gives `Finding`s; everything it reads comes through the sight,
so that a check can be tried on a folder that holds another machine's `/proc` and `/sys`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from bench.machine.fingerprint import cores, memory_available
from bench.machine.watch import Watched

__all__ = ["STATES", "Finding", "Sight", "sight_of_this_machine"]

STATES = ("bad", "warn", "unknown", "ok")
"""What a finding can be, the worst first; `unknown` is what cannot be read here."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Raises:
        ValueError: an unknown state, or something amiss without what it means and what to do about it.
    """

    check: str
    """The check's name, with the device where there are several: `gpu 0`."""
    state: str
    """One of `STATES`."""
    found: str
    """What was found; of what is unknown, why it cannot be read."""
    means: str = ""
    """What it does to numbers; absent where all is well."""
    remedy: str = ""
    """What to type or to do about it; absent where all is well."""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"unknown state {self.state!r}")
        if self.state != "ok" and not (self.means and self.remedy):
            raise ValueError(f"{self.check}: {self.state} without what it means and what to do")

    def to_json(self) -> dict[str, str]:
        """Gives the fields, absent ones as empty texts."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What checks look at."""

    root: Path
    """Where `proc` and `sys` are: `/`."""
    cpus: tuple[int, ...]
    """The processors that this process may use."""
    cores: int
    """How many a run would use: those, or the quota of the container where that is less."""
    memory_bytes: int
    """Free memory, under the container's limit."""
    environment: Mapping[str, str]
    """The environment's variables."""
    watched: Watched
    """What others did while we slept."""

    def text(self, path: str) -> str | None:
        """Gives what a file under the root holds, stripped; nothing where it is absent or cannot be read."""
        try:
            return (self.root / path).read_text().strip()
        except OSError:  # absent, forbidden, or a counter that the kernel was started without
            return None

    def of_each_cpu(self, path: str) -> dict[int, str]:
        """Gives a file of ``/sys/devices/system/cpu/cpuN`` for each processor in use, absent ones left out."""
        found = {cpu: self.text(f"sys/devices/system/cpu/cpu{cpu}/{path}") for cpu in self.cpus}
        return {cpu: text for cpu, text in found.items() if text is not None}


def sight_of_this_machine(watched: Watched) -> Sight:
    """Gives the sight of the machine that this process runs on."""
    return Sight(
        root=Path("/"),
        cpus=tuple(sorted(os.sched_getaffinity(0))),
        cores=cores(),
        memory_bytes=memory_available(),
        environment=dict(os.environ),
        watched=watched,
    )
