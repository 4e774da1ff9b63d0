"""Queries and keys that move slowly along the tokens: eight sines and cosines, mixed, and a little noise."""

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

    t = torch.linspace(0, 8 * torch.pi, draw.q.shape[0], dtype=torch.float64)[:, None]
    angles = t * torch.arange(1, 9, dtype=torch.float64) / 4
    signal = torch.cat([angles.sin(), angles.cos()], dim=-1) @ draw.waves / 2
    return signal + 0.2 * draw.q, signal + 0.2 * draw.k, draw.v
