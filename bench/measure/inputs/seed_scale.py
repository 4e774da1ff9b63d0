"""The logits that a scale of 1/c in place of 1/√c gives on `iid`: attention almost uniform.

On it every approximation looks good, and doing nothing (`uniform`) looks as good as most: it shows that an error says
nothing without the hardness of its input."""

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
    scale = draw.q.shape[-1] ** -0.25  # of q and of k: of the logits its square
    return scale * draw.q, scale * draw.k, draw.v
