"""The fingerprint of a machine and of the software on it: two runs compare only where it agrees.

Nothing secret is recorded: no user, no host name, no environment but the names listed here.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import psutil

from bench.machine.gpu import given

__all__ = ["cores", "git_commit", "machine", "memory_available", "versions"]

_PACKAGES = ("torch", "numpy", "scipy", "pandas", "pyarrow", "matplotlib", "seaborn")
_VARIABLES = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")


def machine() -> dict[str, Any]:
    """Gives the machine's description.

    Returns:
        `name` (short, from what follows), `cpu_model`, `cores` (those this process may use), `memory_bytes`,
        `kernel`, `governor` (absent in most virtual machines), `gpus` (name, uuid, driver, memory, power limit) and
        `environment` (the variables that change how torch uses threads and devices).
    """
    facts: dict[str, Any] = {
        "cpu_model": _cpu_model(),
        "cores": cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": platform.release(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "gpus": _gpus(),
        "environment": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
    }
    identity = [facts["cpu_model"], facts["cores"], [gpu["name"] for gpu in facts["gpus"]]]
    digest = hashlib.sha256(repr(identity).encode()).hexdigest()[:6]
    word = re.sub(r"[^a-z0-9]+", "-", facts["cpu_model"].lower()).strip("-")[:24]
    return {"name": f"{word}-{facts['cores']}c-{digest}", **facts}


def cores() -> int:
    """Gives how many cores this process may use: those of its affinity, or the quota of its container."""
    allowed = len(os.sched_getaffinity(0))
    quota, _, period = (_read("/sys/fs/cgroup/cpu.max") or "max").partition(" ")
    return allowed if quota == "max" else max(1, min(allowed, int(quota) // int(period)))


def memory_available() -> int:
    """Gives the bytes that are free on the machine, or under the limit of the container if that is less."""
    free = int(psutil.virtual_memory().available)
    limit, used = (_read(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    return free if limit in (None, "max") or used is None else min(free, int(limit) - int(used))


def versions() -> dict[str, str]:
    """Gives the versions of Python, of bench and of the packages that numbers depend on; torch is not imported."""
    found = {"python": platform.python_version(), "bench": _version("bench-attention")}
    return found | {name: _version(name) for name in _PACKAGES}


def git_commit(folder: Path) -> str | None:
    """Gives the commit of a checkout, with ``-dirty`` where tracked files differ from it; absent outside one.

    A folder that the checkout around it does not track (an environment inside a project) is outside.
    """
    head = _git(folder, "rev-parse", "HEAD")
    if head is None or not _git(folder, "ls-files", "."):
        return None
    return head + ("-dirty" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20)
    except FileNotFoundError:  # no git on this machine: then no commit is known
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cpu_model() -> str:
    text = _read("/proc/cpuinfo") or ""
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _read(path: str) -> str | None:
    file = Path(path)
    return file.read_text().strip() if file.is_file() else None


def _gpus() -> list[dict[str, Any]]:
    """Through NVML where its Python package and a driver are there; torch is not needed."""
    if importlib.util.find_spec("pynvml") is None:
        return []
    import pynvml  # type: ignore[import-untyped,import-not-found,unused-ignore]  # of the extra `gpu`

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver: then there is no such GPU
        return []
    try:
        driver = pynvml.nvmlSystemGetDriverVersion()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return [_gpu(pynvml, handle, driver) for handle in handles]
    finally:
        pynvml.nvmlShutdown()


def _gpu(pynvml: Any, handle: Any, driver: str) -> dict[str, Any]:
    """Gives what tells one GPU from another; parts of a laptop, or of a virtual machine, know no power limit."""
    memory = given(lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).total)
    limit = given(lambda: pynvml.nvmlDeviceGetEnforcedPowerLimit(handle))
    return {
        "name": pynvml.nvmlDeviceGetName(handle),
        "uuid": pynvml.nvmlDeviceGetUUID(handle),
        "driver": driver,
        "memory_bytes": memory,
        "power_limit_w": None if limit is None else limit / 1000,
    }
