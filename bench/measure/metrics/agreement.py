"""How far another package's implementation is from ours, on the same weights and the same inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import operators
from bench.column import Column

if TYPE_CHECKING:
    from bench.measure.workload import Workload

__all__ = ["columns", "kind", "measure"]

kind = "accuracy"
columns = (
    Column(
        "agreement_rel_error",
        "‖theirs - ours‖ / ‖ours‖ of the output, in the case's dtype; of other packages' implementations only.",
        better="lower",
    ),
)


def measure(workload: Workload) -> dict[str, Any]:
    """Builds our implementation with the same weights and compares outputs."""
    from bench.measure import reference
    from bench.measure.workload import build

    case, own = workload.case, operators.load(workload.case.operator)
    if operators.of(case) is own:
        return {}
    tensors = {name: tensor.detach() for name, tensor in workload.inputs.items()}
    ours = build(case.replace(provider=own.provider), tensors).forward()
    theirs = workload.forward()
    return {"agreement_rel_error": reference.relative_error(theirs.detach().double(), ours.detach().double())}
