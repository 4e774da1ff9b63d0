"""What the attention of one layer of a pretrained model is given on real data; a member of the catalogue names both.

In: a case. Out: the tensors of the captured sample(s), float64, from a file that is mapped and not computed
(`bench.data.capture`). A member is ``CapturedModel(model, layer)``, whose methods are the module's functions.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data import capture, models, windows

if TYPE_CHECKING:
    import torch

__all__ = ["CapturedModel"]


@dataclasses.dataclass(frozen=True, slots=True)
class CapturedModel:
    """The input of one layer's attention."""

    model: str
    """A name of `bench.data.models`."""
    layer: int
    """One of those that the model names in `CAPTURED`."""

    @property
    def scopes(self) -> frozenset[str]:
        """q, k, v at `core`; at `layer` and `projection` x, which the layer's own projections read."""
        return frozenset({"core", "layer", "projection"})

    @property
    def modality(self) -> str:
        """Of the model and what it reads."""
        return str(models.load(self.model).MODALITY)

    def unsupported(self, case: Case) -> str | None:
        """Gives why the model has no such tensors, or nothing."""
        member = models.load(self.model)
        most = windows.MOST[member.MODALITY]
        if reason := member.unsupported_length(case.seq_len):
            return str(reason)
        if case.batch_size > most:
            return f"batch_size {case.batch_size} asked for; {case.input} has up to {most} samples"
        if case.hidden_size != member.HIDDEN_SIZE:
            return f"hidden_size {case.hidden_size} asked for; {case.input} has {member.HIDDEN_SIZE}"
        if case.scope == "projection":
            return None
        if case.num_heads != member.NUM_HEADS:
            return f"num_heads {case.num_heads} asked for; {case.input} has {member.NUM_HEADS}, of {member.HEAD_DIM}"
        if case.kv_heads not in (member.NUM_KV_HEADS, member.NUM_HEADS):
            has = " or ".join(str(count) for count in sorted({member.NUM_KV_HEADS, member.NUM_HEADS}))
            return f"num_kv_heads {case.kv_heads} asked for; {case.input} has {has}"
        if case.causal != member.CAUSAL:
            asked, has = str(case.causal).lower(), str(member.CAUSAL).lower()
            return f"causal {asked} asked for; {case.input} is of a model whose attention has causal {has}"
        return None

    def absent(self, case: Case) -> str | None:
        """Gives what is not on this machine and what to type, or nothing; looks at no more than names and sizes."""
        return capture.absent(self.model, case.seq_len, case.batch_size)

    def provenance(self) -> dict[str, Any]:
        """Gives what a run records: the layer, and packages, versions and checksums of model and samples."""
        return {"layer": self.layer, **capture.provenance(self.model)}

    def tensors(self, case: Case) -> dict[str, torch.Tensor]:
        """Gives q ``[b, h, n, c]``, k and v ``[b, g, n, c]`` at scope `core`, else x ``[b, n, d]``; float64, CPU.

        Where a case has as many key heads as query heads and the model has fewer, each stands for its query heads:
        the same attention, for operators that know no grouped heads.
        """
        import torch
        from safetensors import safe_open

        path = capture.capture(self.model, case.seq_len, case.batch_size)
        names = ("q", "k", "v") if case.scope == "core" else ("x",)
        with safe_open(path, framework="pt") as file:
            found = {name: file.get_tensor(f"{self.layer}.{name}").to(torch.float64) for name in names}
        for name in ("k", "v"):
            if name in found:
                found[name] = found[name].repeat_interleave(case.kv_heads // found[name].shape[1], dim=1)
        return found
