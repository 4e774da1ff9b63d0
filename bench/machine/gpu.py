"""What NVML says of each GPU before it is measured; torch is not needed.

Goes in: nothing. Comes out: one `Gpu` a device, or the reason why none can be read. A value that a GPU does not give
is absent.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from collections.abc import Callable
from typing import Any

__all__ = ["CLOCK_REASONS", "SLOWED_BY", "Gpu", "given", "gpus"]

CLOCK_REASONS = {
    0x1: "idle",
    0x2: "application clocks",
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x10: "sync boost",
    0x20: "heat (software)",
    0x40: "heat (hardware)",
    0x80: "power brake",
    0x100: "display clocks",
}
"""Bit -> why the clocks are as they are. Source: NVML API reference, nvmlClocksEventReasons."""

SLOWED_BY = {bit: CLOCK_REASONS[bit] for bit in (0x4, 0x8, 0x20, 0x40, 0x80)}
"""Those that hold the clocks down against the user's wish."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU."""

    index: int
    name: str
    persistent: bool | None
    """Whether the driver keeps the device awake when nobody uses it."""
    mig: bool | None
    """Whether the device is cut into instances."""
    sm_clock_hz: int | None
    sm_clock_max_hz: int | None
    slowed_by: tuple[str, ...] | None
    """What holds the clocks down just now, among `SLOWED_BY`."""
    use: float | None
    """Share of the time in which a kernel ran."""
    strangers: tuple[int, ...] | None
    """pids of other processes on it, as far as the driver shows them."""


def gpus() -> list[Gpu] | str:
    """Gives every GPU that NVML knows, or why it cannot be asked."""
    if importlib.util.find_spec("pynvml") is None:
        return "nvidia-ml-py is not installed"
    import pynvml  # type: ignore[import-untyped,import-not-found,unused-ignore]  # of the extra `gpu`

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return f"NVML cannot be used ({error})"
    try:
        return [_read(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount())]
    finally:
        pynvml.nvmlShutdown()


def given(ask: Callable[[], Any]) -> Any:
    """Gives what NVML answers, or nothing where the device or this version of NVML does not know, or may not say."""
    import pynvml  # type: ignore[import-untyped,import-not-found,unused-ignore]

    try:
        return ask()
    except (pynvml.NVMLError, AttributeError):  # an older nvidia-ml-py lacks functions
        return None


def _read(pynvml: Any, index: int) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    clock = given(lambda: pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_SM))
    most = given(lambda: pynvml.nvmlDeviceGetMaxClockInfo(handle, pynvml.NVML_CLOCK_SM))
    persistent = given(lambda: pynvml.nvmlDeviceGetPersistenceMode(handle))
    mig = given(lambda: pynvml.nvmlDeviceGetMigMode(handle)[0])
    bits = given(lambda: pynvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
    use = given(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    running = given(lambda: [each.pid for each in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)])
    return Gpu(
        index=index,
        name=pynvml.nvmlDeviceGetName(handle),
        persistent=None if persistent is None else bool(persistent),
        mig=None if mig is None else bool(mig),
        sm_clock_hz=None if clock is None else clock * 1_000_000,
        sm_clock_max_hz=None if most is None else most * 1_000_000,
        slowed_by=None if bits is None else tuple(name for bit, name in SLOWED_BY.items() if bits & bit),
        use=None if use is None else use / 100,
        strangers=None if running is None else tuple(pid for pid in running if pid != os.getpid()),
    )
