"""FLOPs of one call as torch counts them, beside the closed form that the operator claims."""

from __future__ import annotations

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
    cannot look at a call at all, the operator says why as `uncounted`, and there is no column.
    """
    from torch.utils.flop_counter import FlopCounterMode

    if workload.case.compiled or operators.of(workload.case).uncounted:
        return {}
    with FlopCounterMode(display=False) as counter:
        workload.call()
    return {"flops_counted": counter.get_total_flops()}
