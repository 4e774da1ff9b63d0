"""Bytes that autograd keeps between the forward and the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.column import Column

if TYPE_CHECKING:
    import torch

    from bench.measure.workload import Workload

__all__ = ["columns", "kind", "measure"]

kind = "cost"
columns = (
    Column(
        "saved_for_backward_bytes",
        "Bytes kept for the backward pass, one count a storage, inputs and weights too; of phase train only.",
        better="lower",
    ),
)


def measure(workload: Workload) -> dict[str, Any]:
    """Runs the forward pass once and adds up the storages that autograd asked to keep."""
    from torch.autograd.graph import saved_tensors_hooks

    if workload.case.phase != "train" or workload.case.compiled:
        return {}
    storages: dict[int, torch.UntypedStorage] = {}  # held until the end: a freed address would be given out again

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage
        return tensor.detach()

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        workload.forward()
    return {"saved_for_backward_bytes": sum(storage.nbytes() for storage in storages.values())}
