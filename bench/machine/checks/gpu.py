"""GPUs: clocks, persistence, partitions, other processes, and what slows them down."""

from __future__ import annotations

from bench.machine.finding import Finding, Sight
from bench.machine.gpu import Gpu, gpus

__all__ = ["about", "examine", "judge"]

about = "Whether each GPU is awake, whole, unshared and unslowed, as far as NVML says."


def examine(sight: Sight) -> list[Finding]:
    """Gives the findings of each GPU; one finding where there is none or none can be asked."""
    if not _present(sight):
        return [Finding(check="gpu", state="ok", found="no NVIDIA GPU here")]
    found = gpus()
    if isinstance(found, str):
        means = "clocks, throttling and other processes are not seen, and do not stand in the records"
        remedy = "pip install 'bench-attention[gpu]', with the driver's libnvidia-ml.so.1 visible here"
        return [Finding(check="gpu", state="unknown", found=found, means=means, remedy=remedy)]
    return [finding for gpu in found for finding in judge(gpu)]


def judge(gpu: Gpu) -> list[Finding]:
    """Gives the findings of one GPU."""
    return [_shared(gpu), _slowed(gpu), _clock(gpu), *_awake(gpu), *_whole(gpu)]


def _present(sight: Sight) -> bool:
    places = (("proc/driver/nvidia/gpus", "*"), ("dev", "nvidia[0-9]*"))
    return any(any((sight.root / folder).glob(pattern)) for folder, pattern in places)


def _shared(gpu: Gpu) -> Finding:
    name = f"gpu {gpu.index}"
    if gpu.strangers is None or gpu.use is None:
        means, remedy = "another program may use it, unseen", "nvidia-smi"
        return Finding(check=name, state="unknown", found="its processes are not shown", means=means, remedy=remedy)
    found = f"{gpu.name}: {len(gpu.strangers)} other processes, in use {100 * gpu.use:.0f} % of the time"
    if not gpu.strangers and not gpu.use:
        return Finding(check=name, state="ok", found=found)
    means = "kernels of others run between ours and take its memory and its caches"
    pids = ", ".join(map(str, gpu.strangers))
    remedy = f"end them: {pids}" if pids else "find who uses it: nvidia-smi"
    return Finding(check=name, state="bad" if gpu.use else "warn", found=found, means=means, remedy=remedy)


def _slowed(gpu: Gpu) -> Finding:
    name = f"gpu {gpu.index}"
    if gpu.slowed_by is None:
        means, remedy = "it may be slowed by heat or power, unseen", "nvidia-smi -q -d PERFORMANCE"
        found = "what slows its clocks is not shown"
        return Finding(check=name, state="unknown", found=found, means=means, remedy=remedy)
    if not gpu.slowed_by:
        return Finding(check=name, state="ok", found="nothing slows its clocks just now")
    means = "the clock falls while it is measured: seconds depend on what ran before"
    remedy = "let it cool, or lock a clock that it can hold: sudo nvidia-smi -lgc MHZ"
    found = f"slowed by {', '.join(gpu.slowed_by)}"
    return Finding(check=name, state="bad", found=found, means=means, remedy=remedy)


def _clock(gpu: Gpu) -> Finding:
    """NVML does not say whether a clock is locked, so this is never more than unknown."""
    if gpu.sm_clock_hz is None or gpu.sm_clock_max_hz is None:
        found, most = "its clocks are not shown", "MHZ"
    else:
        most = f"{gpu.sm_clock_max_hz / 1e6:.0f}"
        found = f"SM clock {gpu.sm_clock_hz / 1e6:.0f} MHz now, {most} MHz at most; not shown whether it is locked"
    means = "an unlocked clock follows load, heat and power"
    remedy = f"sudo nvidia-smi -lgc {most} (a clock that it holds under load; -rgc undoes it)"
    return Finding(check=f"gpu {gpu.index}", state="unknown", found=found, means=means, remedy=remedy)


def _awake(gpu: Gpu) -> list[Finding]:
    if gpu.persistent is not False:
        return []
    means = "the driver puts it to sleep between processes: each first call pays for waking it"
    remedy = f"sudo nvidia-smi -i {gpu.index} -pm 1"
    found = "persistence mode is off"
    return [Finding(check=f"gpu {gpu.index}", state="warn", found=found, means=means, remedy=remedy)]


def _whole(gpu: Gpu) -> list[Finding]:
    if gpu.mig is not True:
        return []
    means = "an instance has a part of the device, and shares its clock and power with its neighbours"
    remedy = "measure on a whole device where its numbers are to stand for it"
    found = "cut into instances (MIG)"
    return [Finding(check=f"gpu {gpu.index}", state="warn", found=found, means=means, remedy=remedy)]
