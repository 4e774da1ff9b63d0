"""Merging an adapter into its base, by whatever the implementation has for it, and taking it out again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["Merged", "merged"]


@dataclasses.dataclass(frozen=True, slots=True)
class Merged:
    """An adapter folded into its base."""

    how: str
    """What was called."""
    output: torch.Tensor
    """Of x, merged."""
    largest: float
    """The largest magnitude of a weight while merged: what is rounded is of that size."""
    unmerge: Callable[[], Any]
    """Takes it out again."""


def merged(module: nn.Module, x: torch.Tensor) -> Merged | None:
    """Merges a module and calls it; nothing where it has no way to merge.

    Known are ``merged_weight()`` (ours, which writes no weight), ``merge()`` and ``unmerge()`` (peft), modes that
    merge (loralib: ``eval()`` merges, ``train()`` unmerges) and ``merge_to()`` (lycoris, whose scale -1 undoes it).
    """
    folded: Any = module
    with torch.no_grad():
        if hasattr(folded, "merged_weight"):
            weight = folded.merged_weight()
            return Merged("merged_weight()", F.linear(x, weight), float(weight.abs().max()), lambda: None)
        if hasattr(folded, "unmerge"):
            folded.merge()
            return Merged("merge()", folded(x), _largest(folded), folded.unmerge)
        if hasattr(folded, "merge_weights"):
            folded.train()
            folded.merge_weights = True
            folded.eval()
            return Merged("eval()", folded(x), _largest(folded), folded.train)
        if hasattr(folded, "lycoris"):
            folded.lycoris.restore()
            folded.lycoris.merge_to(1.0)
            return Merged("merge_to(1)", folded(x), _largest(folded), lambda: _take_out(folded.lycoris))
    return None


def _largest(module: nn.Module) -> float:
    return max(float(weight.abs().max()) for weight in module.parameters())


def _take_out(module: Any) -> None:
    with torch.no_grad():
        module.merge_to(-1.0)
    module.apply_to()
