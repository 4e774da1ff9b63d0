"""Bytes that phase `decode` keeps of all tokens so far, counted in the tensors that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.column import Column

if TYPE_CHECKING:
    from bench.measure.workload import Workload

__all__ = ["columns", "kind", "measure"]

kind = "cost"
columns = (
    Column(
        "kv_cache_counted_bytes",
        "Of phase decode: bytes of the tensors that hold the cache, one count a storage.",
        better="lower",
    ),
)


def measure(workload: Workload) -> dict[str, Any]:
    """Adds up the storages of the cache; other phases have none."""
    if workload.cache is None:
        return {}
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage() for tensor in workload.cache}
    return {"kv_cache_counted_bytes": sum(storage.nbytes() for storage in storages.values())}
