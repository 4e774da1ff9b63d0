"""Independent N(0, 1): what most benchmarks feed, and the worst guide to approximations by landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.measure.inputs._draw import core_tensors, not_at_scope

if TYPE_CHECKING:
    import torch

__all__ = ["absent", "scopes", "tensors", "unsupported"]

scopes = frozenset({"core", "layer", "model", "projection"})


def unsupported(case: Case) -> str | None:
    """Gives why it cannot serve a case, or nothing."""
    return not_at_scope(case, scopes)


def absent(case: Case) -> str | None:
    """Gives nothing: it is drawn on the spot."""
    return None


def tensors(case: Case) -> dict[str, torch.Tensor]:
    """Gives q ``[b, h, n, c]``, k and v ``[b, g, n, c]``, else x ``[b, n, d]``; float64."""
    import torch

    if case.scope == "core":
        return core_tensors(case, lambda draw: (draw.q, draw.k, draw.v))
    generator = torch.Generator().manual_seed(case.seed)
    shape = (case.batch_size, case.seq_len, case.hidden_size)
    return {"x": torch.randn(*shape, generator=generator, dtype=torch.float64)}
