"""Which kernel really ran: SDPA chooses among several and falls back in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.column import Column

if TYPE_CHECKING:
    from bench.measure.workload import Workload

__all__ = ["columns", "kind", "measure"]

kind = "cost"
columns = (
    Column(
        "kernel",
        "The SDPA backend that ran; without SDPA, up to three torch operations that took most of the call's time.",
        "text",
    ),
)

_BACKENDS = "aten::_scaled_dot_product_"
_NO_KERNELS = ("view", "reshape", "transpose", "expand", "strided", "permute", "slice", "select", "empty", "resolve")
"""Words in the names of operations that move no data."""


def measure(workload: Workload) -> dict[str, Any]:
    """Traces one call, after another that warms it up, and names what ran, without the prefix ``aten::``."""
    from torch.profiler import ProfilerActivity, profile

    on_cuda = workload.case.device == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    workload.call()
    with profile(activities=activities) as profiler:
        workload.call()
    seconds = {
        event.key: event.self_device_time_total if on_cuda else event.self_cpu_time_total
        for event in profiler.key_averages()
        if event.key.startswith("aten::") and not any(word in event.key for word in _NO_KERNELS)
    }
    backends = sorted(key for key in seconds if key.startswith(_BACKENDS) and not key.endswith("_backward"))
    ran = backends or sorted(seconds, key=lambda key: -seconds[key])[:3]
    return {"kernel": "+".join(key.removeprefix("aten::") for key in ran) or None}
