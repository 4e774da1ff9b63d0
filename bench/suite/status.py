"""What becomes of a case before anything runs: it is planned, has no meaning, or lacks something on this machine.

Goes in: a case. Comes out: a `Planned`. Operators and inputs are asked; torch is not needed, not even to see
whether there is a CUDA device.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

from bench import operators
from bench.case import Case
from bench.measure import inputs
from bench.suite import application

__all__ = ["Planned", "cuda_present", "judge"]


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A case of a suite and what becomes of it."""

    case: Case
    """What is asked for."""
    sweep: str
    """The sweep that asks for it, the first where several do."""
    status: str = "planned"
    """`planned`, `unsupported` (it has no meaning), or `skipped` (device or data absent)."""
    reason: str = ""
    """Why it is not planned, and what would mend it."""

    def unsupported(self, reason: str) -> Planned:
        """Gives the same case as one that has no meaning."""
        return dataclasses.replace(self, status="unsupported", reason=reason)


def judge(case: Case, sweep: str) -> Planned:
    """Gives what becomes of a case on this machine."""
    planned = Planned(case, sweep)
    reason = _unsupported(case)
    if reason:
        return planned.unsupported(reason)
    reason = operators.of(case).absent() or application.absent(case) or inputs.load(case.input).absent(case)
    if case.device == "cuda" and not cuda_present():
        reason = "no CUDA device"
    return dataclasses.replace(planned, status="skipped", reason=reason) if reason else planned


def cuda_present() -> bool:
    """Gives whether a CUDA device can be seen from here, by the driver's files and ``CUDA_VISIBLE_DEVICES``."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return False
    return any(Path("/proc/driver/nvidia/gpus").glob("*")) or any(Path("/dev").glob("nvidia[0-9]*"))


def _unsupported(case: Case) -> str | None:
    given = inputs.load(case.input)
    reason: str | None = application.unsupported(case) or operators.unsupported(case)
    if case.task is not None:
        return reason
    if reason is None and case.scope not in given.scopes:
        reason = f"input {case.input} exists at scope {', '.join(sorted(given.scopes))}"
    if reason is None:
        reason = given.unsupported(case)
    if reason is None and case.compiled and case.device == "cpu" and not _compiler():
        reason = "torch.compile on the CPU needs a C++ compiler; apt install g++"
    return reason


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX") or "g++") or shutil.which("clang++")
