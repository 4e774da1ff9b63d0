"""Attention by a Gaussian kernel: what Skyformer approximates, and exact here."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR", "gaussian", "scaled"]


class KernelGaussian(Attention):
    """``κ(q, k) v`` with ``κ(x, y) = exp(-|x - y|²/2)`` of q and k scaled by c^(-1/4).

    ``exp(q·k/√c)`` is κ(q, k) times a factor of the query and one of the key: without them, and without softmax's
    division, rows do not sum to one. It is another attention, for weights trained with it, and no approximation of
    softmax attention: its error against that says how far apart the two are. Below float32 exponents are formed in
    float32, for they are small differences of large numbers.
    Source: Chen et al., arXiv 2111.00035, section 4.1 ("kernelized attention").
    """

    label = "Gaussian kernel"
    mask = nonnegative = True

    def core_cost(self, case: Case) -> Cost:
        """Scores and their product with v: 2·b·h·n²·c each; backward twice that.

        Kept: q and k scaled, v and the weights, below float32 or under a mask also as they were before. Worst moment
        forward: q, k and the weights, or these twice; backward: the weights and two gradients of theirs.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        wide, masked = max(e, 4), case.mask != "none"
        flops, pairs, entries = 4 * b * h * n * n * c, b * h * n * n, b * h * n * c
        before = wide if wide > e or masked else 0
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + (6 + 2 * masked) * wide * pairs + 4 * wide * entries,
            saved_bytes=(e + before) * pairs + (2 * wide + e) * entries + masked * b * n,
            forward_peak_bytes=max(2 * wide * entries + wide * pairs, (e + before) * pairs),
            train_peak_bytes=3 * wide * pairs + 2 * (wide + e) * entries,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            weights = gaussian(scaled(q), scaled(k)).to(v.dtype)
            if mask is not None:
                weights = weights.masked_fill(~mask[:, None, None, :], 0.0)
            return weights @ v

        return attend


def scaled(x: torch.Tensor) -> torch.Tensor:
    """Gives ``x / c^(1/4)`` of ``[b, h, n, c]``, in float32 at least."""
    import torch

    wide = torch.promote_types(x.dtype, torch.float32)
    # heads that lie apart, as a layer's do, are put together: else a product copies them and a square keeps them too
    return (x.to(wide) * math.pow(x.shape[-1], -0.25)).contiguous()


def gaussian(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Gives ``exp(-|x_i - y_j|²/2)``, ``[…, n, m]``, of ``[…, n, c]`` and ``[…, m, c]``."""
    half_x, half_y = (z.square().sum(dim=-1, keepdim=True) / 2 for z in (x, y))
    return (x @ y.mT).sub_(half_x).sub_(half_y.mT).exp_()


OPERATOR = KernelGaussian()
