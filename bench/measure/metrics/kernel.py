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
        "The SDPA backend that ran; without SDPA, up to three torch operations that took most of the call's time, "
        "`inductor` being all that torch.compile wrote.",
        "text",
    ),
)

_BACKENDS = "aten::_scaled_dot_product_"
_NO_KERNELS = ("view", "reshape", "transpose", "expand", "strided", "permute", "slice", "select", "empty", "resolve")
"""Words in the names of operations that move no data."""
_COMPILED = "## Call CompiledFxGraph"
"""What the name of a compiled graph's own time begins with; its hash follows."""


def measure(workload: Workload) -> dict[str, Any]:
    """Traces one call, after another that warms it up, and names what ran, without the prefix ``aten::``."""
    from torch.profiler import ProfilerActivity, profile

    on_cuda = workload.case.device == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    workload.call()
    with profile(activities=activities) as profiler:
        workload.call()
    seconds: dict[str, float] = {}
    for event in profiler.key_averages():
        name = "inductor" if event.key.startswith(_COMPILED) else event.key
        if name.startswith(("aten::", "inductor")) and not any(word in name for word in _NO_KERNELS):
            spent = event.self_device_time_total if on_cuda else event.self_cpu_time_total
            seconds[name] = seconds.get(name, 0) + spent
    backends = sorted(key for key in seconds if key.startswith(_BACKENDS) and not key.endswith("_backward"))
    ran = backends or sorted(seconds, key=lambda key: -seconds[key])[:3]
    return {"kernel": "+".join(key.removeprefix("aten::") for key in ran) or None}
