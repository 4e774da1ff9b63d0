"""Peak memory of one call above the state before it: live tensor bytes on the CPU, the allocator's figures on CUDA.

On the CPU torch's profiler writes an event for every allocation and release; their running sum is exact to the
byte. A call before the measured one pays for caches and for the optimizer's state.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from bench.column import Column

if TYPE_CHECKING:
    from bench.measure.workload import Workload

__all__ = ["columns", "drop_gradients", "kind", "measure"]

kind = "cost"
columns = (
    Column(
        "peak_tensor_bytes",
        "Live tensor bytes at the worst moment of a call, above inputs and weights; of the CPU only.",
        better="lower",
    ),
    Column(
        "peak_cuda_allocated_bytes",
        "Bytes of CUDA tensors at the worst moment of a call, above inputs and weights; of CUDA only.",
        better="lower",
    ),
    Column(
        "peak_cuda_reserved_bytes",
        "What torch's allocator held of the device then, inputs and weights too; of CUDA only.",
        better="lower",
    ),
)


def measure(workload: Workload) -> dict[str, Any]:
    """Measures one call after a warm-up call, from a state without gradients."""
    workload.call()
    drop_gradients(workload)
    gc.collect()  # older garbage, let go of within the call, would hide as many bytes
    return _on_cuda(workload) if workload.case.device == "cuda" else _on_cpu(workload)


def drop_gradients(workload: Workload) -> None:
    """Lets go of the gradients of weights and inputs: the next call's figure must not depend on the last's."""
    # The call drops the last call's gradients as its first act; alive at its start they would hide as many bytes.
    if workload.module is not None:
        workload.module.zero_grad(set_to_none=True)
    for tensor in workload.inputs.values():
        tensor.grad = None


def _on_cpu(workload: Workload) -> dict[str, Any]:
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        workload.call()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    live = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        live += event.nbytes()
        peak = max(peak, live)
    return {"peak_tensor_bytes": peak}


def _on_cuda(workload: Workload) -> dict[str, Any]:
    import torch

    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_stats()
    workload.call()
    torch.cuda.synchronize()
    after = torch.cuda.memory_stats()
    return {
        "peak_cuda_allocated_bytes": after["allocated_bytes.all.peak"] - before["allocated_bytes.all.current"],
        "peak_cuda_reserved_bytes": after["reserved_bytes.all.peak"],  # in part it was held before, by whatever else
    }
