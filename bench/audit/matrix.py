"""The matrix that an attention applies to v, read off by feeding the identity."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from bench import operators
from bench.audit.subject import given
from bench.case import Case
from bench.measure import workload

__all__ = ["magnitudes", "matrix_of"]


def magnitudes(case: Case) -> tuple[float, ...]:
    """Gives how large q and k are made: as drawn, and eight times as large, which makes scores 64 times as large.

    What is exact at full rank only inverts a matrix of scores, which so large ones make singular: as drawn, then.
    """
    return (1.0,) if getattr(operators.of(case), "exact_at_full_rank", False) else (1.0, 8.0)


def matrix_of(case: Case, magnitude: float = 1.0) -> torch.Tensor:
    """Gives the (implied) matrix of a case, ``[b, h, n, n]``; the attention must be linear in v.

    The identity is fed in pieces of head_dim columns, for some implementations take v of the width of q only.

    Args:
        case: of scope `core`.
        magnitude: q and k are drawn from N(0, magnitude²).
    """
    tensors, n, width = given(case, magnitude=magnitude), case.seq_len, case.head_dim or 1
    columns = F.pad(torch.eye(n, dtype=torch.float64, device=case.device), (0, -n % width))
    pieces = []
    for piece in torch.split(columns, width, dim=-1):
        tensors["v"] = piece.expand(case.batch_size, case.kv_heads, n, width).contiguous()
        pieces.append(workload.build(case, tensors).forward().detach())
    return torch.cat(pieces, dim=-1)[..., :n]
