"""Sixteen blocks of tokens that attend to themselves: each near a centre of its own. Rank 16 is nearly enough."""

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
    import torch

    n = draw.q.shape[0]
    signal = 1.5 * draw.centres[torch.arange(n) * 16 // n]
    return signal + 0.3 * draw.q, signal + 0.3 * draw.k, draw.v
