"""What an approximation is judged by: exact attention in float64, the matrix that an operator implies, how hard an
input is.

In: q, k, v, and an operator's ``attend``. Out: tensors in float64, errors, and `Hardness`. The formula is written out
and not left to a fused kernel, whose float64 path on the CPU is flash attention and thus itself under test. An error
cannot be read without the hardness of its input: rankings flip from one distribution to the next.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from bench.case import Case

__all__ = [
    "MATRIX_UP_TO",
    "Hardness",
    "attention",
    "attention_matrix",
    "hardness",
    "heads_for",
    "operator_matrix",
    "relative_error",
]

MATRIX_UP_TO = 4096
"""Tokens up to which whole attention matrices are formed: one of 4096 has 134 MB in float64, of 32 768 8.6 GB."""
_BLOCK_BYTES = 1 << 27
"""What the rows of attention matrices that are alive together may take, where only their products are wanted."""
_ALL_HEADS_UP_TO = 1024
"""Tokens up to which all heads of sample 0 are judged."""
_FEWEST_HEADS = 2
_WORK = 8 * 1536**3
"""Beyond that, of all heads' SVDs together, a head's being n³: eight heads of 1536 tokens, some ten seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Hardness:
    """How hard an input is to approximate, whatever the operator."""

    input_entropy: float
    """Mean over rows and heads of a row's entropy divided by ln n: 1 is uniform, 0 one key a query."""
    input_stable_rank: float
    """Mean over heads of ``‖A‖_F² / ‖A‖_2²``."""
    eckart_young_error: Mapping[int, float]
    """rank -> the least relative Frobenius error that a matrix of that rank can have, pooled over heads."""


def attention_matrix(
    q: torch.Tensor, k: torch.Tensor, *, causal: bool = False, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Gives ``A = softmax(q kᵀ / √c)`` in float64.

    Args:
        q: ``[b, h, n_q, c]``, of any dtype.
        k: ``[b, g, n_k, c]``, g dividing h.
        causal: query i sees the keys ``j <= i + n_k - n_q``.
        mask: ``[b, n_k]`` bool, true where the key is there.

    Returns:
        ``[b, h, n_q, n_k]`` float64; a row without keys is 0.

    Source: Vaswani et al., arXiv 1706.03762, equation 1.
    """
    keys = k.double().repeat_interleave(q.shape[1] // k.shape[1], dim=1)
    scores = (q.double() / math.sqrt(q.shape[-1])) @ keys.transpose(-2, -1)
    seen = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device)
    if causal:
        seen = seen.tril(scores.shape[-1] - scores.shape[-2])
    if mask is not None:
        seen = seen & mask[:, None, None, :]
    weights = scores.masked_fill(~seen, torch.finfo(torch.float64).min).softmax(dim=-1)
    return weights.masked_fill(~seen, 0.0)


def attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool = False, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Gives ``A v`` in float64, ``[b, h, n_q, c_v]``; arguments as of `attention_matrix`, v ``[b, g, n_k, c_v]``.

    Some rows of A at a time, so that any length fits; of a causal A the keys after a block's last query are left out.
    """
    values = v.double().repeat_interleave(q.shape[1] // v.shape[1], dim=1)
    n_q, n_k = q.shape[-2], k.shape[-2]
    rows = max(1, _BLOCK_BYTES // (8 * q.shape[0] * q.shape[1] * n_k))
    blocks = []
    for first in range(0, n_q, rows):
        last = min(first + rows, n_q)
        keys = max(0, last + n_k - n_q) if causal else n_k
        there = None if mask is None else mask[:, :keys]
        block = attention_matrix(q[..., first:last, :], k[..., :keys, :], causal=causal, mask=there)
        blocks.append(block @ values[..., :keys, :])
    return torch.cat(blocks, dim=-2)


def operator_matrix(
    attend: Callable[..., Any], q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Gives the matrix that an operator applies to v, by feeding it the identity; it must be linear in v.

    Args:
        attend: ``(q, k, v, mask=None) -> o``.
        q: ``[b, h, n_q, c]``.
        k: ``[b, g, n_k, c]``.
        mask: ``[b, n_k]`` bool, or nothing.

    Returns:
        ``[b, h, n_q, n_k]`` in the dtype of q.
    """
    n = k.shape[-2]
    identity = torch.eye(n, dtype=k.dtype, device=k.device).expand(*k.shape[:2], n, n)
    with torch.no_grad():
        matrix: torch.Tensor = attend(q, k, identity) if mask is None else attend(q, k, identity, mask)
    return matrix


def heads_for(case: Case) -> tuple[int, ...]:
    """Gives which heads of sample 0 error and hardness are taken of.

    All up to 1024 tokens; beyond that as many as `_WORK` allows, at least two, evenly spread: all of six at 1500,
    three of eight at 2048, two at 4096. Heads differ (of DINOv2's first layer two have an Eckart–Young error of .001
    at rank 16, all six .34), so the more the better. Of each key head that is chosen, equally many query heads are.
    """
    heads, groups = case.num_heads or 1, max(case.kv_heads, 1)
    most = max(_FEWEST_HEADS, _WORK // case.seq_len**3)
    if case.seq_len <= _ALL_HEADS_UP_TO or most >= heads:
        return tuple(range(heads))
    size = heads // groups  # query heads of a key head
    if most < groups:  # one of each: of the first key head its first, of the last its last
        return tuple(
            group * size + offset for group, offset in zip(_spread(groups, most), _spread(size, most), strict=True)
        )
    return tuple(group * size + offset for group in range(groups) for offset in _spread(size, most // groups))


def _spread(total: int, count: int) -> list[int]:
    """Gives that many of the numbers below `total`, evenly from the first to the last; of one the first."""
    return [round(place * (total - 1) / max(count - 1, 1)) for place in range(count)]


def hardness(matrices: torch.Tensor, ranks: Sequence[int]) -> Hardness:
    """Gives how hard attention matrices are to approximate.

    Args:
        matrices: ``[heads, n_q, n]``, exact, with rows that sum to one (or to 0 where no key is seen).
        ranks: those at which the Eckart–Young error is wanted.

    Returns:
        The three measures; with a single token the entropy is NaN, there being nothing to choose from.

    Source: Eckart and Young 1936 for the bound.
    """
    matrices = matrices.double()
    n = matrices.shape[-1]
    entropy = torch.special.entr(matrices).sum(dim=-1).mean() / (math.log(n) or math.nan)
    squares = torch.linalg.svdvals(matrices).square()  # falling, [heads, n]
    total = squares.sum()
    errors = {rank: math.sqrt(float(squares[:, rank:].sum() / total)) for rank in ranks}
    return Hardness(
        input_entropy=float(entropy),
        input_stable_rank=float((squares.sum(dim=-1) / squares[:, 0]).mean()),
        eckart_young_error=errors,
    )


def relative_error(approximation: torch.Tensor, exact: torch.Tensor) -> float:
    """Gives ``‖approximation - exact‖_F / ‖exact‖_F``, pooled over all leading dimensions, in float64."""
    if approximation.shape != exact.shape:
        raise ValueError(f"{list(approximation.shape)} is compared with {list(exact.shape)}")
    exact = exact.double()
    return float((approximation.double() - exact).norm() / exact.norm())
