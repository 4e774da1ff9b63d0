"""FLOPs of one call as torch counts them, beside the closed form that the operator claims."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from bench import operators
from bench.column import Column

if TYPE_CHECKING:
    from bench.measure.workload import Workload

__all__ = ["columns", "kind", "measure"]

kind = "cost"
columns = (
    Column(
        "flops_counted",
        "Matrix-product FLOPs of a call by torch's counter; absent where it sees none: compiled, or flex_attention.",
        better="lower",
    ),
)


def measure(workload: Workload) -> dict[str, Any]:
    """Counts one whole call of the case's phase with torch's FlopCounterMode.

    What the counter has no formula for counts 0: the operator declares it as its `flops_counter_gap`. Where it
    cannot look at a call at all, the operator says why as `uncounted`, and there is no column. A whole network that
    does a task is counted with SDPA's written-out form in place of fused kernels, whose products it sees.
    """
    import torch.nn.attention
    from torch.utils.flop_counter import FlopCounterMode

    if workload.case.compiled or operators.of(workload.case).uncounted:
        return {}
    with contextlib.ExitStack() as stack:
        if workload.case.task is not None:  # no closed form tells what of a whole network it does not see
            stack.enter_context(torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH))
        counter = stack.enter_context(FlopCounterMode(display=False))
        workload.call()
    return {"flops_counted": counter.get_total_flops()}
