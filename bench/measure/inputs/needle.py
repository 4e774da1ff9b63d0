"""Each query looks for one key of its own: attention is a permutation, which no low rank can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.measure.inputs._draw import CORE_ONLY, Draw, core_tensors, not_at_scope

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]

scopes = CORE_ONLY


def unsupported(case: Case) -> str | None:
    """Gives why it cannot serve a case, or nothing."""
    return not_at_scope(case, scopes)


def absent() -> str | None:
    """Gives nothing: it is drawn on the spot."""
    return None


def tensors(case: Case) -> dict[str, torch.Tensor]:
    """Gives q ``[b, h, n, c]``, k and v ``[b, g, n, c]``, float64."""
    return core_tensors(case, _head)


def _head(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    k = draw.k / draw.k.norm(dim=-1, keepdim=True) * (1.5 * draw.k.shape[-1] ** 0.5)
    return k[draw.order], k, draw.v
