"""A layer of a capture as an input: q, k, v of a model that the user chose, from a file that `bench capture` made.

In: a name, ``captured_NAME_layerN_HASH``. Out: what a member of the catalogue is. The name finds the file, by its
header, in the data folder; a path cannot be named. Where no file has it, the input is absent like any other data.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data import captures
from bench.errors import UsageError

if TYPE_CHECKING:
    import torch

__all__ = ["Captured"]


@dataclasses.dataclass(frozen=True, slots=True)
class Captured:
    """q, k, v of one layer of a model, as `bench capture` recorded them."""

    name: str
    """Of the input."""

    @property
    def scopes(self) -> frozenset[str]:
        """`core`: what the projections of the layer read is not recorded."""
        return frozenset({"core"})

    @property
    def modality(self) -> str:
        """`language`, `vision` or `audio`; empty where it is not known."""
        layer = captures.listed().get(self.name)
        return str(layer.origin["modality"]) if layer else ""

    def unsupported(self, case: Case) -> str | None:
        """Gives why the capture has no such tensors and what it has, or nothing.

        A sample of fewer tokens is cut from a causal capture alone: there the first tokens see what they would see
        in a shorter text.
        """
        layer = captures.listed().get(self.name)
        if layer is None:
            return None  # absent: it is skipped, not judged
        if case.seq_len > layer.seq_len or (case.seq_len < layer.seq_len and not layer.causal):
            has = f"up to {layer.seq_len}" if layer.causal else layer.seq_len
            return f"seq_len {case.seq_len} asked for; {self.name} has {has}"
        if case.batch_size > layer.batch_size:
            return f"batch_size {case.batch_size} asked for; {self.name} has {layer.batch_size}"
        if case.num_heads != layer.num_heads:
            return f"num_heads {case.num_heads} asked for; {self.name} has {layer.num_heads}, of {layer.head_dim}"
        if case.head_dim != layer.head_dim:
            return f"head_dim {case.head_dim} asked for; {self.name} has {layer.head_dim}"
        if case.kv_heads != layer.num_kv_heads:
            return f"num_kv_heads {case.kv_heads} asked for; {self.name} has {layer.num_kv_heads}"
        if case.causal != layer.causal:
            asked, has = str(case.causal).lower(), str(layer.causal).lower()
            return f"causal {asked} asked for; {self.name} is of a model whose attention has causal {has}"
        return None

    def absent(self, case: Case) -> str | None:
        """Gives that no file has it and what to type, or nothing."""
        return captures.absent(self.name)

    def provenance(self) -> dict[str, Any]:
        """Gives what a run records: layer, checksum, and of which model and text the capture is."""
        layer = self._layer()
        own = {"layer": layer.index, "module": layer.module, "masked": layer.masked, "sha256": layer.sha256}
        return {**own, **layer.origin}

    def tensors(self, case: Case) -> dict[str, torch.Tensor]:
        """Gives q ``[b, h, n, c]``, k and v ``[b, g, n, c]``, float64 on the CPU; the bytes are verified.

        Raises:
            UsageError: no file has it, or the tensors in it have changed.
        """
        import torch

        layer = self._layer()
        dtype = getattr(torch, layer.dtype)
        tensors = {}
        for name, data in layer.read().items():
            stored = torch.frombuffer(bytearray(data), dtype=dtype).view(layer.shapes[name])
            tensors[name] = stored[: case.batch_size, :, : case.seq_len].to(torch.float64)
        return tensors

    def _layer(self) -> captures.Layer:
        layer = captures.listed().get(self.name)
        if layer is None:
            found, _, right = str(captures.absent(self.name)).partition("; ")
            raise UsageError(self.name, found, right)
        return layer
