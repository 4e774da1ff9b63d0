"""Performer (FAVOR+): the softmax kernel by positive random features."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min
from bench.operators.attention._kernel import causal_kernel_attention, kernel_attention, kernel_cost

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Performer(Attention):
    """``φ(q) (φ(k)ᵀ v)``, rows normalised, with ``φ(x) = exp(w·x' - |x'|²/2)`` and ``x' = x/c^(1/4)``.

    The r rows w come in blocks of c orthogonal ones (QR with its signs fixed), with norms drawn as those of
    N(0, I_c). ``E φ(q)·φ(k) = r exp(q·k/√c)``; the variance grows as ``exp(|q' + k'|²)``. What keeps the exponents in
    range, the largest of each query and of the keys, cancels in the ratio, and so does 1/√r: nothing is added to a
    feature. The causal form takes the largest of the keys so far, so that no later key is looked at.
    Source: Choromanski et al., arXiv 2009.14794, equations 4 and 7, algorithm 1.
    """

    label = "Performer"
    rank_kind = "random_features"
    random = True
    causal = mask = rows_sum_to_one = nonnegative = True

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len and not case.causal else None

    def core_cost(self, case: Case) -> Cost:
        """Features of q and k 2·n·r·c each, w being constant also backward; then `kernel_cost`.

        Together 8·n·r·c + 2·n·r forward and 12·n·r·c + 4·n·r backward, where not causal. Kept: q, k, φ(q) and φ(k),
        under a mask φ(k) before it, w for q and for k, and what the kernel keeps.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        entries, output = e * b * h * n * r, e * b * h * n * c
        features, kernel = 4 * b * h * n * r * c, kernel_cost(case, r, scaled=True)
        masked = case.mask != "none"
        kept = 2 * entries + 2 * e * r * c + kernel.saved_bytes + masked * (entries + b * n)
        return Cost(
            forward_flops=features + kernel.forward_flops,
            backward_flops=features + kernel.backward_flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * entries + 2 * e * b * h * r * (c + 1),
            saved_bytes=2 * output + kept,
            forward_peak_bytes=2 * entries + kernel.forward_peak_bytes + masked * output,
            train_peak_bytes=kept + masked * output + kernel.train_peak_bytes,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives a module with a buffer `features` ``[r, c]``, float64, called as ``(q, k, v, mask=None) -> o``."""
        import torch
        from torch import nn

        class Favor(nn.Module):
            features: torch.Tensor

            def __init__(self) -> None:
                super().__init__()
                drawn = _orthogonal_features(case.rank or 0, case.head_dim or 0, generator)
                self.register_buffer("features", drawn.to(case.device))

            def exponents(self, x: torch.Tensor) -> torch.Tensor:
                """``w·x' - |x'|²/2``, ``[b, h, n, r]``."""
                scale = math.pow(x.shape[-1], -0.25)
                half_square = x.square().sum(dim=-1, keepdim=True) * (scale**2 / 2)
                return (x @ (self.features * scale).to(x.dtype).T).sub_(half_square)

            def forward(
                self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
            ) -> torch.Tensor:
                queries, keys = self.exponents(q), self.exponents(k)
                queries = queries.sub_(queries.detach().amax(dim=-1, keepdim=True)).exp_()
                hidden = None if mask is None else ~mask[:, None, :, None]
                if hidden is not None:
                    keys = keys.masked_fill(hidden, torch.finfo(keys.dtype).min)
                largest = keys.detach().amax(dim=-1, keepdim=True)
                largest = largest.cummax(dim=-2).values if case.causal else largest.amax(dim=-2, keepdim=True)
                keys = keys.sub_(largest).exp_()
                if hidden is not None:
                    keys, v = keys.masked_fill(hidden, 0.0), v.masked_fill(hidden, 0.0)
                if case.causal:
                    return causal_kernel_attention(queries, keys, v, largest)
                return kernel_attention(queries, keys, v)

        return Favor()


def _orthogonal_features(count: int, width: int, generator: torch.Generator) -> torch.Tensor:
    """Gives ``[count, width]`` float64: blocks of orthogonal rows, each as long as a row of N(0, I)."""
    import torch

    blocks = []
    for start in range(0, count, width):
        drawn = torch.randn(width, width, generator=generator, dtype=torch.float64)
        orthogonal, triangle = torch.linalg.qr(drawn)
        # the signs that make the triangle's diagonal positive make the draw uniform over rotations
        blocks.append((orthogonal * triangle.diagonal().sign()).T[: count - start])
    lengths = torch.randn(count, width, generator=generator, dtype=torch.float64)
    norms: torch.Tensor = torch.linalg.vector_norm(lengths, dim=-1, keepdim=True)
    return torch.cat(blocks) * norms


OPERATOR = Performer()
