"""What the attention of one MiniLM layer is given on real text; the members of the catalogue each name a layer.

In: a case. Out: the tensors of the captured window(s), float64, from a file that is mapped and not computed
(`bench.data.capture`). A member is ``Captured(layer)``, whose methods are the module's functions.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data import capture
from bench.data.models import minilm
from bench.data.sets import prose

if TYPE_CHECKING:
    import torch

__all__ = ["Captured"]


@dataclasses.dataclass(frozen=True, slots=True)
class Captured:
    """The input of one layer's attention."""

    layer: int
    """0 to 5."""

    @property
    def scopes(self) -> frozenset[str]:
        """q, k, v at `core`; at `layer` and `projection` x, which the layer's own projections read."""
        return frozenset({"core", "layer", "projection"})

    @property
    def modality(self) -> str:
        """Of the model and its text."""
        return minilm.MODALITY

    def unsupported(self, case: Case) -> str | None:
        """Gives why MiniLM has no such tensors, or nothing."""
        if not 3 <= case.seq_len <= minilm.MAX_SEQ_LEN:
            return f"seq_len {case.seq_len} asked for; {case.input} has 3 to {minilm.MAX_SEQ_LEN} tokens"
        if case.batch_size > capture.MAX_BATCH_SIZE:
            return f"batch_size {case.batch_size} asked for; {case.input} has up to {capture.MAX_BATCH_SIZE} windows"
        if case.hidden_size != minilm.HIDDEN_SIZE:
            return f"hidden_size {case.hidden_size} asked for; {case.input} has {minilm.HIDDEN_SIZE}"
        if case.scope == "projection":
            return None
        if case.num_heads != minilm.NUM_HEADS:
            return f"num_heads {case.num_heads} asked for; {case.input} has {minilm.NUM_HEADS}, of {minilm.HEAD_DIM}"
        if case.kv_heads != minilm.NUM_HEADS:
            return f"num_kv_heads {case.kv_heads} asked for; {case.input} has {minilm.NUM_HEADS}"
        return None

    def absent(self) -> str | None:
        """Gives what is not on this machine and what to type, or nothing; looks at no more than names and sizes.

        Where the captures of the usual lengths are there, model and text are not needed: a machine that cannot
        install packages is given the folder ``captures`` alone.
        """
        if all(capture.capture_path(seq_len).is_file() for seq_len in capture.PREPARED):
            return minilm.lacking()
        return minilm.lacking() or minilm.SOURCE.absent() or prose.SOURCE.absent()

    def provenance(self) -> dict[str, Any]:
        """Gives what a run records: the layer, and packages, versions and checksums of model and text."""
        return {"layer": self.layer, **capture.provenance()}

    def tensors(self, case: Case) -> dict[str, torch.Tensor]:
        """Gives q, k, v ``[b, 12, n, 32]`` at scope `core`, else x ``[b, n, 384]``; float64 on the CPU."""
        import torch
        from safetensors import safe_open

        path = capture.capture_minilm(case.seq_len, case.batch_size)
        names = ("q", "k", "v") if case.scope == "core" else ("x",)
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(f"{self.layer}.{name}").to(torch.float64) for name in names}
