"""Stacks by py-spy: a flame graph and a speedscope profile of a process that calls a case again and again.

py-spy starts the process, which needs fewer rights than looking into one that runs. Native frames need the most;
where they are refused, it is tried without, then without pausing the process, and what was refused is told.
"""

from __future__ import annotations

import collections
import json
import re
import shutil
import sysconfig
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.profile.process import Answer, Job
from bench.store.run import write_whole

__all__ = ["ABSENT", "ENABLE", "FLAME", "SPEEDSCOPE", "calls_alone", "hottest", "record"]

FLAME = "flame.svg"
SPEEDSCOPE = "speedscope.json"
"""The files, in the profile's folder."""

ABSENT = "py-spy is not installed; pip install 'bench-attention[profile]'"
ENABLE = (
    "let it trace the process it starts: in Docker --cap-add SYS_PTRACE, in Kubernetes "
    "securityContext.capabilities.add: [SYS_PTRACE], elsewhere sysctl kernel.yama.ptrace_scope=1"
)
"""What a refusal asks for."""

_MODES = {"native": ("--native",), "python": (), "nonblocking": ("--nonblocking",)}
"""Mode -> options: with C and C++ frames; Python frames alone; likewise, without pausing the process."""
_FORBIDDEN = re.compile(r"EPERM|EACCES|not permitted|[Pp]ermission")
_TRIES = 2
"""On a busy machine py-spy now and then finds no Python in a process that has just begun; once more, it does."""
_RATE_HZ = 100
_REPEAT = ("repeat", "bench/profile/child.py")
"""The function, and the end of its file, below which all calls lie; what is not above it is set-up."""


def record(job: Job) -> tuple[dict[str, Any], str]:
    """Records both files.

    Returns:
        The facts, and why there are none (then they are empty). Facts: `mode` (`native`, `python`, `nonblocking`),
        `refused` (for each mode that was tried before: `mode` and `reason`), `enable` (what would allow them),
        `calls` and `seconds_per_call` (under py-spy), `setup_samples` (left out), and what `hottest` gives.
    """
    program = _program()
    if program is None:
        return {}, ABSENT
    refused: list[dict[str, str]] = []
    for mode, options in _MODES.items():
        answer, refusal = _sample(job, program, options, SPEEDSCOPE)
        if not refusal:
            break
        refused.append({"mode": mode, "reason": refusal})
    else:
        return {}, "; ".join(filter(None, [f"py-spy failed ({refusal})", _remedy(refused)]))
    if answer.status == "ok":
        flame, refusal = _sample(job, program, options, FLAME)
        answer = flame if flame.status != "ok" else answer
    if answer.status != "ok":
        return {}, f"{answer.status}: {answer.reason}"  # the case failed, not py-spy
    if refusal:
        return {}, f"py-spy failed ({refusal})"
    facts: dict[str, Any] = {"mode": mode, "refused": refused, "enable": _remedy(refused), "rate_hz": _RATE_HZ}
    taken = json.loads((job.folder / SPEEDSCOPE).read_text(encoding="utf-8"))
    calls, setup = calls_alone(taken)
    write_whole(job.folder / SPEEDSCOPE, partial(_write_json, calls))
    facts |= {**answer.facts, **hottest(calls), "setup_samples": setup}
    return facts, ""


def calls_alone(speedscope: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Gives a speedscope profile without the samples of imports and set-up, and how many these were.

    What is left begins at `repeat`: the unwinder does not always find what lies below it.
    """
    frames = speedscope["shared"]["frames"]
    roots = {i for i, frame in enumerate(frames) if frame["name"] == _REPEAT[0] and _of_child(frame)}
    kept, setup = [], 0
    for profile in speedscope["profiles"]:
        starts = [next((i for i, frame in enumerate(s) if frame in roots), None) for s in profile["samples"]]
        rows = list(zip(starts, profile["samples"], profile["weights"], strict=True))
        samples = [stack[start:] for start, stack, _ in rows if start is not None]
        weights = [weight for start, _, weight in rows if start is not None]
        setup += len(rows) - len(samples)
        if samples:
            kept.append({**profile, "samples": samples, "weights": weights, "endValue": sum(weights)})
    return {**speedscope, "profiles": kept}, setup


def hottest(speedscope: dict[str, Any]) -> dict[str, Any]:
    """Gives where the stacks of a speedscope profile end.

    Returns:
        `samples` (how many) and `frames`: for each innermost function `name`, `file` (its last part) and `share` of
        the samples, the largest first.
    """
    frames = speedscope["shared"]["frames"]
    ends = [_named(frames[stack[-1]]) for profile in speedscope["profiles"] for stack in profile["samples"]]
    counts = collections.Counter(ends).most_common()
    shares = [{"name": name, "file": file, "share": count / len(ends)} for (name, file), count in counts]
    return {"samples": len(ends), "frames": shares}


def _write_json(content: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _of_child(frame: dict[str, Any]) -> bool:
    return str(frame.get("file") or "").endswith(_REPEAT[1])


def _named(frame: dict[str, Any]) -> tuple[str, str]:
    """Gives a frame's name and its file; addresses of a library without symbols are one."""
    name = "no symbol" if frame["name"].startswith("0x") else frame["name"]
    return name, Path(frame.get("file") or "").name


def _program() -> str | None:
    """Gives py-spy beside this Python, or on the path."""
    return shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")


def _sample(job: Job, program: str, options: Sequence[str], file: str) -> tuple[Answer, str]:
    """Records one file; gives the answer, and why py-spy failed (empty where it did not)."""
    form = "speedscope" if file == SPEEDSCOPE else "flamegraph"
    command = [program, "record", "--format", form, "--rate", str(_RATE_HZ), "--output", str(job.folder / file)]
    for _ in range(_TRIES):
        answer = job.ask("loop", before=[*command, *options, "--"])
        refusal = "" if (job.folder / file).is_file() else _refusal(answer.output)
        if not refusal or _FORBIDDEN.search(refusal):
            break
    return answer, refusal


def _remedy(refused: Sequence[dict[str, str]]) -> str:
    return ENABLE if any(_FORBIDDEN.search(each["reason"]) for each in refused) else ""


def _refusal(output: str) -> str:
    """Gives py-spy's error and its first cause in one line; empty where it told of none."""
    found = re.search(r"^Error: (.+)$(?:\s+^Caused by:\s+(?:0: )?(.+)$)?", output, re.MULTILINE)
    return ": ".join(part for part in found.groups() if part) if found else ""
