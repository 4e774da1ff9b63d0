"""The draws that all generated inputs share: each head has a generator of its own, and every input the same draws.

So a head of one input is comparable with the same head of another: `seed_scale` is `iid` with a smaller q and k. The
order of the draws is part of the definition. A member gives ``head(draw) -> (q, k, v)`` for one head; here these are
stacked to the tensors of a case. Axis legend: b batch, h query heads, g key/value heads, n seq_len, c head_dim.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from bench.case import Case

if TYPE_CHECKING:
    import torch

__all__ = ["Draw", "Drawn", "core_tensors", "draw", "not_at_scope"]

Head: TypeAlias = "Callable[[Draw], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]"

_HEAD_STEP = 1000
"""How far the seeds of neighbouring heads are apart; head 0 has the case's own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Draw:
    """What one head's generator gave, in this order; float64 on the CPU."""

    q: torch.Tensor
    """N(0, 1), ``[n, c]``."""
    k: torch.Tensor
    """N(0, 1), ``[n, c]``."""
    v: torch.Tensor
    """N(0, 1), ``[n, c]``."""
    waves: torch.Tensor
    """N(0, 1), ``[16, c]``: how `smooth` mixes its sines."""
    centres: torch.Tensor
    """N(0, 1), ``[16, c]``: the centres of `blocks`."""
    direction: torch.Tensor
    """N(0, 1), ``[c]``: where the sink of `sink` lies."""
    order: torch.Tensor
    """A permutation of the n tokens: which key each query of `needle` looks for."""


def draw(seed: int, n: int, c: int) -> Draw:
    """Gives the draws of one head."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return Draw(
        q=normal(n, c),
        k=normal(n, c),
        v=normal(n, c),
        waves=normal(16, c),
        centres=normal(16, c),
        direction=normal(c),
        order=torch.randperm(n, generator=generator),
    )


class Drawn:
    """The member that an input of scope `core` is, made from what tells it from the others.

    Args:
        head: ``draw -> (q, k, v)`` of one head, ``[n, c]`` each.
    """

    scopes = frozenset({"core"})
    """It shapes q and k, which exist at no other."""

    def __init__(self, head: Head) -> None:
        self._head = head

    def unsupported(self, case: Case) -> str | None:
        """Gives why it cannot serve a case, or nothing."""
        return not_at_scope(case, self.scopes)

    def absent(self, case: Case) -> str | None:
        """Gives nothing: it is drawn on the spot."""
        return None

    def tensors(self, case: Case) -> dict[str, torch.Tensor]:
        """Gives q ``[b, h, n, c]``, k and v ``[b, g, n, c]``, float64."""
        return core_tensors(case, self._head)


def core_tensors(case: Case, head: Head) -> dict[str, torch.Tensor]:
    """Gives q, k and v of a case, float64.

    Query head j of b·h, row-major, has the seed ``case.seed + 1000·j``. Where several query heads share a key head, k
    and v are those of the first of them; the others draw q and their order, and share its waves, centres and
    direction, so that what ties q to k holds for all.

    Args:
        case: of scope `core`.
        head: ``draw -> (q, k, v)``, ``[n, c]`` each.

    Returns:
        q ``[b, h, n, c]``, k and v ``[b, g, n, c]``.
    """
    import torch

    heads, groups = case.num_heads or 1, (case.num_heads or 1) // case.kv_heads
    queries, keys, values = [], [], []
    for j in range(case.batch_size * heads):
        own = draw(case.seed + _HEAD_STEP * j, case.seq_len, case.head_dim or 1)
        if j % groups == 0:
            first = own
            q, k, v = head(own)
            keys.append(k)
            values.append(v)
        else:
            q, _, _ = head(dataclasses.replace(first, q=own.q, order=own.order))
        queries.append(q)
    shape = (case.batch_size, -1, case.seq_len, case.head_dim or 1)
    return {name: torch.stack(made).view(shape) for name, made in (("q", queries), ("k", keys), ("v", values))}


def not_at_scope(case: Case, scopes: frozenset[str]) -> str | None:
    """Gives why an input has no meaning at the case's scope, or nothing."""
    if case.scope in scopes:
        return None
    return f"the input {case.input} exists at scope {', '.join(sorted(scopes))}"
