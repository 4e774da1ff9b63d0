"""Weights as they are counted in what was built, beside the closed form of the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.column import Column

if TYPE_CHECKING:
    from bench.measure.workload import Workload

__all__ = ["columns", "kind", "measure"]

kind = "cost"
columns = (
    Column("parameters_counted", "Weights of what was built, frozen ones too.", better="lower"),
    Column("trainable_parameters_counted", "Those of them that require a gradient.", better="lower"),
)


def measure(workload: Workload) -> dict[str, Any]:
    """Counts the weights of the case's module; what is a function has none."""
    weights = list(workload.module.parameters()) if workload.module is not None else []
    return {
        "parameters_counted": sum(w.numel() for w in weights),
        "trainable_parameters_counted": sum(w.numel() for w in weights if w.requires_grad),
    }
