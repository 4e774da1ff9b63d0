"""Attention inside blocks of neighbouring tokens: an operator for bench in a package of its own.

Axis legend: b batch, h heads, n seq_len, c head_dim, w tokens a block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators import Attention, Option

if TYPE_CHECKING:
    import torch

__all__ = ["MEMBERS", "OPERATOR"]


class BlockLocal(Attention):
    """``softmax(q kᵀ / √c) v`` where a token sees its own block of w tokens and nothing else.

    Its matrix is block diagonal: of full rank, and exact at w = seq_len. Source: the local half of Child et al.,
    arXiv 1904.10509, without the strided half.
    """

    label = "block-local"
    provider = "bench-block-local"
    options: Mapping[str, Option] = {
        "window": Option(16, "Tokens a block, w; it must divide seq_len.", least=1, whole=True)
    }
    rows_sum_to_one = nonnegative = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.seq_len % self.window(case):
            reason = f"seq_len {case.seq_len} is no multiple of the window, {self.window(case)}"
        return reason

    def window(self, case: Case) -> int:
        """Gives w."""
        return int(case.option("window", self.options["window"].default))

    def core_cost(self, case: Case) -> Cost:
        """Scores and their product with v: 2·b·h·n·w·c each, backward twice that; kept: q·s, k, v and weights."""
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        flops = 4 * b * h * n * self.window(case) * c
        vectors, scores = e * b * h * n * c, e * b * h * n * self.window(case)
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=4 * vectors,
            bytes_algorithm=4 * vectors + 4 * scores,
            saved_bytes=3 * vectors + scores,
            forward_peak_bytes=vectors + scores + max(scores, vectors),
            train_peak_bytes=5 * vectors + 2 * scores,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; torch is imported here or not at all."""
        window, scale = self.window(case), (case.head_dim or 1) ** -0.5

        def attend(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
            q, k, v = (x.unflatten(-2, (-1, window)) for x in (q * scale, k, v))
            return ((q @ k.mT).softmax(dim=-1) @ v).flatten(2, 3)

        return attend


OPERATOR = BlockLocal()
MEMBERS = {"block_local": OPERATOR}  # for `--plugin bench_block_local`, where it is not installed
