"""Nyström of a symmetric matrix: queries and keys are points of one Gaussian kernel, landmarks are taken of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention, Option
from bench.operators._layer import attention_bytes_min

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR", "RIDGE", "NystromLifted", "spaced"]

RIDGE = 0.01


class NystromLifted(Attention):
    """``κ(q, L) (κ(L, L) + γ I)⁻¹ κ(L, k)``, key j weighted by ``exp(|k_j|²/2)``, rows normalised.

    ``κ(x, y) = exp(-|x - y|²/2)`` of q and k scaled by c^(-1/4), so that ``exp(q·k/√c)`` is κ(q, k) times a factor of
    the query, which the normalisation takes out, and the weight of the key. The landmarks L are ⌈r/2⌉ queries and
    ⌊r/2⌋ keys, evenly spaced among the valid tokens; γ is the option `ridge`. κ is symmetric and positive definite,
    which the matrix that `nystrom` inverts is not. Exact with all 2n tokens and γ = 0. An entry may be negative, and
    so a row's sum before its division come near 0. Source: Chen et al., arXiv 2111.00035, equations 3 to 6.
    """

    label = "Nyström (lifted)"
    rank_kind = "landmarks"
    options: Mapping[str, Option] = {
        "ridge": Option(RIDGE, "γ, not below 0, that is added to the diagonal of κ(L, L).", least=0)
    }
    mask = rows_sum_to_one = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and (case.rank or 0) > 2 * case.seq_len:
            reason = f"{case.operator} has {2 * case.seq_len} queries and keys to take {case.rank} landmarks from"
        if reason is None and case.option("ridge", RIDGE) < 0:
            reason = f"{case.operator} needs κ(L, L) + γ I to be positive definite and ridge is below 0"
        return reason

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len else None

    def core_cost(self, case: Case) -> Cost:
        """κ(q, L), κ(L, k), and their products with the rest 2·n·r·c each, the sums' 2·n·r; κ(L, L) 2·r²·c.

        The Cholesky factor and its solve have no formula in the counter; backward, beside twice the above, they are
        products of 4·r³ + 2·r²·(c + 1). Kept beside q, k and v: κ(q, L), κ(L, k) and under a mask the latter before
        it; the landmarks twice, κ(L, L) and its factor, both sides of the solve, and the output before the division.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r, wide, masked = case.rank or 0, max(case.element_bytes, 4), case.mask != "none"
        flops = b * h * (8 * n * r * c + 2 * n * r + 2 * r * r * c)
        scores, output, square = e * b * h * n * r, e * b * h * n * c, wide * b * h * r * r
        solved, rows = wide * b * h * r * (c + 1), b * h * n * (2 * e + 1)
        kept = 2 * scores + 2 * e * b * h * r * c + 2 * square + 2 * solved + output + rows
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops + b * h * (4 * r**3 + 2 * r * r * (c + 1)),
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 8 * scores + 4 * square,
            saved_bytes=3 * output + kept + 8 * r * (b if masked else 1) + masked * b * n,
            forward_peak_bytes=2 * scores + square + 2 * output,
            train_peak_bytes=kept + 2 * scores + 3 * output,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 the system is solved in float32."""
        import torch

        of_queries, of_keys = -(-(case.rank or 0) // 2), (case.rank or 0) // 2
        ridge = case.option("ridge", RIDGE)

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            scale, wide = math.pow(q.shape[-1], -0.25), torch.promote_types(q.dtype, torch.float32)
            landmarks = torch.cat([spaced(q, of_queries, mask), spaced(k, of_keys, mask)], dim=-2) * scale
            halves = landmarks.square().sum(dim=-1, keepdim=True) / 2
            middle = (landmarks @ landmarks.mT - halves - halves.mT).exp().to(wide)
            factor = torch.linalg.cholesky(middle + ridge * torch.eye(len(middle[0, 0]), dtype=wide, device=q.device))
            # exp(|k|²/2) of the weight and of κ cancel; so do the largest exponents of each query and of all keys
            scaled = landmarks * scale
            first = (q @ scaled.mT).sub_(halves.mT)
            first = first.sub_(first.detach().amax(dim=-1, keepdim=True)).exp_()
            squares = (k.detach() * scale).square().sum(dim=-1)
            if mask is not None:  # what is not there must not make what is there vanish beside it
                squares = squares.masked_fill(~mask[:, None, :], 0.0)
            last = (scaled @ k.mT).sub_(halves).sub_(squares.amax(dim=-1)[..., None, None] / 2)
            if mask is not None:
                last = last.masked_fill(~mask[:, None, None, :], torch.finfo(last.dtype).min)
            last = last.exp_()
            collected = torch.cat([last @ v, last.sum(dim=-1, keepdim=True)], dim=-1)
            sums = first @ torch.cholesky_solve(collected.to(wide), factor).to(v.dtype)
            weight = sums[..., -1:]
            return sums[..., :-1] / weight.masked_fill(weight == 0, 1.0)  # a sample without keys gives 0

        return attend


def spaced(x: torch.Tensor, count: int, mask: torch.Tensor | None) -> torch.Tensor:
    """Gives `count` tokens of ``[b, h, n, c]``: of the m valid ones those at ``i·m // count``."""
    import torch

    steps = torch.arange(count, device=x.device)
    if mask is None:
        return x.index_select(-2, steps * x.shape[-2] // count)
    valid_first = (~mask).to(torch.uint8).argsort(dim=-1, stable=True)
    chosen = valid_first.gather(-1, steps * mask.sum(dim=-1, keepdim=True) // count)
    return x.gather(-2, chosen[:, None, :, None].expand(-1, x.shape[1], -1, x.shape[-1]))


OPERATOR = NystromLifted()
