"""Every query looks at the first token: an attention sink, as pretrained language models have."""

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
    unit = draw.direction / draw.direction.norm()
    k = draw.k.clone()
    k[0] += 16 * unit
    return draw.q + 2 * unit, k, draw.v
