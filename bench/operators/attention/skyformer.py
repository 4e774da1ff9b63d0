"""Skyformer: the Gaussian kernel of queries and keys by Nyström of the matrix of both together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._layer import attention_bytes_min
from bench.operators.attention.kernel_gaussian import gaussian, scaled
from bench.operators.attention.nystrom_lifted import RIDGE, NystromLifted, spaced

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Skyformer(NystromLifted):
    """``κ(q, L) (κ(L, L) + γ I)⁻¹ κ(L, k) v``: `nystrom_lifted` without its weights and its division.

    It stands for ``κ(q, k) v``, `kernel_gaussian`, and its error is taken against that: it approximates no softmax
    attention. Landmarks L and γ (option `ridge`) are those of `nystrom_lifted`; the paper samples L and inverts by an
    iteration. Exact with all 2n tokens and γ = 0. Source: Chen et al., arXiv 2111.00035, equations 3 to 6.
    """

    label = "Skyformer"
    reference = "kernel_gaussian"
    rows_sum_to_one = False

    def core_cost(self, case: Case) -> Cost:
        """κ(q, L), κ(L, k), and their products with the rest 2·n·r·c each; κ(L, L) 2·r²·c.

        The Cholesky factor and its solve have no formula in the counter; backward, beside twice the above, they are
        products of 4·r³ + 2·r²·c. Kept, in float32 at least: q and k scaled, the landmarks, κ(q, L), κ(L, k), κ(L, L)
        and its factor, both sides of the solve; below float32 κ(q, L) and κ(L, k), as they meet v and the solution,
        and these two; under a mask κ(L, k) before it. Worst moment forward: q and k scaled, κ(L, k), and κ(q, L) with
        the output or the squares of q.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r, wide, masked = case.rank or 0, max(case.element_bytes, 4), case.mask != "none"
        flops, heads = b * h * (8 * n * r * c + 2 * r * r * c), b * h
        scores, tokens, square, system = heads * n * r, heads * n * c, wide * heads * r * r, heads * r * c
        cast = e if wide > e else 0
        met = cast or wide
        kept = scores * (2 * wide + 2 * cast + (masked and not cast) * e) + tokens * (2 * wide + e) + 2 * square
        kept += system * (3 * wide + cast) + 8 * r * (b if masked else 1) + masked * b * n
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops + heads * (4 * r**3 + 2 * r * r * c),
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 8 * wide * scores + 4 * square + 4 * wide * tokens,
            saved_bytes=kept,
            forward_peak_bytes=2 * wide * (tokens + system)
            + 2 * square
            + met * scores
            + max(wide * tokens, e * tokens + met * scores),
            train_peak_bytes=kept + 2 * wide * scores + 3 * wide * tokens,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 κ and the system are in float32."""
        import torch

        of_queries, of_keys = -(-(case.rank or 0) // 2), (case.rank or 0) // 2
        ridge = case.option("ridge", RIDGE)

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            q, k = scaled(q), scaled(k)
            landmarks = torch.cat([spaced(q, of_queries, mask), spaced(k, of_keys, mask)], dim=-2)
            middle = gaussian(landmarks, landmarks)
            factor = torch.linalg.cholesky(
                middle + ridge * torch.eye(middle.shape[-1], dtype=q.dtype, device=q.device)
            )
            last = gaussian(landmarks, k).to(v.dtype)
            if mask is not None:
                last = last.masked_fill(~mask[:, None, None, :], 0.0)
            solved = torch.cholesky_solve((last @ v).to(q.dtype), factor).to(v.dtype)
            return gaussian(q, landmarks).to(v.dtype) @ solved

        return attend


OPERATOR = Skyformer()
