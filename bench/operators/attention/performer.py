"""Performer (FAVOR+): the softmax kernel by positive random features."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min
from bench.operators.attention._kernel import (
    KernelState,
    causal_kernel_attention,
    kernel_attention,
    kernel_cost,
    state_cost,
)

if TYPE_CHECKING:
    import torch

    from bench.operators._decode import Step

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
    phases = frozenset({"forward", "train", "decode"})
    causal = mask = rows_sum_to_one = nonnegative = True

    def matrix_rank(self, case: Case) -> int | None:
        return case.rank if (case.rank or 0) < case.seq_len and not case.causal else None

    def core_cost(self, case: Case) -> Cost:
        """Features of q and k 2·n·r·c each, w being constant also backward; then `kernel_cost`, or `state_cost`.

        Together 8·n·r·c + 2·n·r forward and 12·n·r·c + 4·n·r backward, where not causal. Kept: k and its norms, φ(q)
        and φ(k), under a mask φ(k) before it, w, and what the kernel keeps.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        if case.phase == "decode":
            step = state_cost(case, r, scales=1)
            return dataclasses.replace(step, forward_flops=step.forward_flops + 4 * b * h * r * c)
        entries, output = e * b * h * n * r, e * b * h * n * c
        features, kernel = 4 * b * h * n * r * c, kernel_cost(case, r, scaled=True)
        masked = case.mask != "none"
        kept = 2 * entries + e * r * c + e * b * h * n + kernel.saved_bytes + masked * (entries + b * n)
        return Cost(
            forward_flops=features + kernel.forward_flops,
            backward_flops=features + kernel.backward_flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * entries + 2 * e * b * h * r * (c + 1),
            saved_bytes=output + kept,
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

            def forward(
                self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
            ) -> torch.Tensor:
                hidden = None if mask is None else ~mask[:, None, :, None]
                projection = self.projection(q.dtype)
                queries = self.of_queries(q, projection)
                keys, largest = self.of_keys(k, projection, hidden)
                if hidden is not None:
                    v = v.masked_fill(hidden, 0.0)
                if case.causal:
                    return causal_kernel_attention(queries, keys, v, largest)
                return kernel_attention(queries, keys, v)

            def projection(self, dtype: torch.dtype) -> torch.Tensor:
                """x -> w·x', ``[c, r]``."""
                return (self.features * math.pow(self.features.shape[-1], -0.25)).to(dtype).T

            def of_queries(self, q: torch.Tensor, projection: torch.Tensor) -> torch.Tensor:
                """φ(q) over a factor of the whole row: exp(-|q'|²/2), and its largest entry."""
                queries = q @ projection
                return queries.sub_(queries.detach().amax(dim=-1, keepdim=True)).exp_()

            def of_keys(
                self, k: torch.Tensor, projection: torch.Tensor, hidden: torch.Tensor | None
            ) -> tuple[torch.Tensor, torch.Tensor]:
                """φ(k) over the exponential of what is second: the largest exponent so far, or of all."""
                keys = k @ projection
                halves = torch.linalg.vector_norm(k, dim=-1, keepdim=True).square() / (2 * math.sqrt(k.shape[-1]))
                if hidden is not None:
                    keys = keys.masked_fill(hidden, torch.finfo(keys.dtype).min)
                    halves = halves.masked_fill(hidden, 0.0)
                largest = keys.detach().amax(dim=-1, keepdim=True) - halves.detach()
                largest = largest.cummax(dim=-2).values if case.causal else largest.amax(dim=-2, keepdim=True)
                keys = keys.sub_(halves + largest).exp_()
                return keys if hidden is None else keys.masked_fill(hidden, 0.0), largest

        return Favor()

    def build_decode(self, case: Case, generator: torch.Generator, k: torch.Tensor, v: torch.Tensor) -> Step:
        """Gives a `KernelState`: the cache is as large whatever n."""
        favor: Any = self.build(case.replace(causal=False), generator)
        projection = favor.projection(k.dtype)

        def keys(new: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features, largest = favor.of_keys(new, projection, None)
            return features, largest

        return KernelState(lambda q: favor.of_queries(q, projection), keys, keys(k), v)


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
