"""What NVML says of the GPU while a case is called again and again: clocks, power, use, and what slows it down.

The series is taken from outside the process that calls. A value that a GPU does not give is absent.
"""

from __future__ import annotations

import importlib.util
import subprocess
import time
from typing import Any

from bench.machine.gpu import CLOCK_REASONS, given
from bench.profile.process import Job
from bench.suite.status import cuda_present

__all__ = ["COLUMNS", "absent", "reasons_text", "record"]

COLUMNS = (
    "time_s",
    "sm_clock_hz",
    "memory_clock_hz",
    "power_w",
    "gpu_use",
    "memory_use",
    "temperature_c",
    "throttle_reasons",
)
"""Of the series; uses are shares of the time."""

_PERIOD_S = 0.05


def absent(device: str) -> str:
    """Gives why there is no series, and what would mend it; empty where there can be one."""
    if not cuda_present():
        return "no CUDA device"
    if device != "cuda":
        return "the case does not run on CUDA"
    if importlib.util.find_spec("pynvml") is None:
        return "nvidia-ml-py is not installed; pip install 'bench-attention[gpu]'"
    return ""


def record(job: Job) -> tuple[list[dict[str, Any]], str]:
    """Takes the series, one row every 50 ms, while the case is called; or gives why there is none."""
    reason = absent(job.case.device)
    if reason:
        return [], reason
    import pynvml  # type: ignore[import-untyped,import-not-found,unused-ignore]  # of the extra `gpu`

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return [], f"NVML cannot be used ({error}); the driver's library libnvidia-ml.so.1 must be visible here"
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        series: dict[str, list[dict[str, Any]]] = {pynvml.nvmlDeviceGetUUID(handle): [] for handle in handles}
        start = time.monotonic()

        def meanwhile(process: subprocess.Popen[bytes]) -> None:
            while process.poll() is None:
                for handle, rows in zip(handles, series.values(), strict=True):
                    rows.append({"time_s": time.monotonic() - start, **_values(pynvml, handle)})
                time.sleep(_PERIOD_S)

        answer = job.ask("loop", meanwhile=meanwhile)
    finally:
        pynvml.nvmlShutdown()
    if answer.status != "ok":
        return [], f"{answer.status}: {answer.reason}"
    uuid = answer.facts["gpu_uuid"]
    return (series[uuid], "") if uuid in series else ([], f"NVML does not know the GPU that torch uses ({uuid})")


def reasons_text(bits: int) -> str:
    """Gives the names of what slows the clocks: ``power cap, heat (hardware)``; empty where nothing does."""
    named = [name for bit, name in CLOCK_REASONS.items() if bits & bit]
    unknown = bits & ~sum(CLOCK_REASONS)
    return ", ".join([*named, *([f"unknown 0x{unknown:x}"] if unknown else [])])


def _values(pynvml: Any, handle: Any) -> dict[str, Any]:
    sm = given(lambda: pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_SM))
    memory = given(lambda: pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_MEM))
    power = given(lambda: pynvml.nvmlDeviceGetPowerUsage(handle))
    use = given(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle))
    bits = given(lambda: pynvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
    return {
        "sm_clock_hz": None if sm is None else sm * 1_000_000,
        "memory_clock_hz": None if memory is None else memory * 1_000_000,
        "power_w": None if power is None else power / 1000,
        "gpu_use": None if use is None else use.gpu / 100,
        "memory_use": None if use is None else use.memory / 100,
        "temperature_c": given(lambda: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)),
        "throttle_reasons": None if bits is None else reasons_text(bits),
    }
