"""What houlsby and pfeiffer share: a bottleneck of its own after a frozen projection.

Goes in: a case, and the projection W0 ``[out, in]``. Comes out: a module that holds it as `base`, with `down`
``[r, out]``, `up` ``[out, r]`` and their biases. Where it is put in a block is what tells the two apart.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter
from bench.operators.adapters import lora_merged

if TYPE_CHECKING:
    import torch

__all__ = ["Bottleneck"]


class Bottleneck(Adapter):
    """``h = W0 x``, ``y = h + W_up gelu(W_down h + b) + b'`` with W0 frozen, `rank` the width between them."""

    mergeable = False
    rank_kind = "bottleneck"

    def keeps_input(self, case: Case) -> bool:
        return False

    def projection_cost(self, case: Case) -> Cost:
        """The frozen base, and 4·T·out·r; backward dx of the base and twice that. Weights 2·out·r + r + out.

        Kept: h, gelu's input and output, W0, W_down and W_up. Worst moment forward: h, the update and their sum;
        training the same, or at the end of the backward pass y and the gradients of h and x.
        """
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a = case.element_bytes, self.weight_bytes(case)
        frozen, extra, weights = lora_merged.OPERATOR.projection_cost(case), 4 * t * o * r, 2 * o * r
        own, inner = weights + r + o, a * t * r
        # where dtypes differ: the copy of h in the adapter's, and h in its own beside that
        cast, rounded = (a * t * o, e * t * o) if self.casts(case) else (0, 0)
        summing = 3 * a * t * o + rounded + inner
        return Cost(
            forward_flops=frozen.forward_flops + extra,
            backward_flops=frozen.backward_flops + 2 * extra,
            bytes_min=frozen.bytes_min + a * own,
            # h written, read by W_down and for the sum; gelu's input and output and the update written and read
            bytes_algorithm=frozen.bytes_algorithm
            + a * own
            + 3 * e * t * o
            + 4 * inner
            + 2 * (a * t * o + cast + rounded),
            saved_bytes=frozen.saved_bytes + (cast or e * t * o) + 2 * inner + a * weights,
            forward_peak_bytes=max(summing, e * t * o + cast + 2 * inner),
            train_peak_bytes=max(summing + cast + inner, e * t * (2 * o + i) + a * own),
            parameters=frozen.parameters + own,
            trainable_parameters=own,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Gives the projection with W_down drawn from U(±1/√out) and everything else of the bottleneck zero."""
        import torch
        from torch import nn
        from torch.nn import functional as F

        class BottleneckLinear(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.base = linear.requires_grad_(False)
                width, rank, bound = linear.out_features, case.rank or 1, 1 / math.sqrt(linear.out_features)
                like: dict[str, Any] = {
                    "device": linear.weight.device,
                    "dtype": getattr(torch, case.adapter_dtype or case.dtype),
                }
                down = torch.empty(rank, width, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
                self.down = nn.Parameter(down.to(**like))
                self.up = nn.Parameter(torch.zeros(width, rank, **like))
                self.down_bias = nn.Parameter(torch.zeros(rank, **like))
                self.up_bias = nn.Parameter(torch.zeros(width, **like))

            def perturb(self, generator: torch.Generator) -> None:
                for weight, deviation in ((self.up, case.rank or 1), (self.down_bias, 1), (self.up_bias, 1)):
                    drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
                    with torch.no_grad():
                        weight.copy_(drawn / math.sqrt(deviation))

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                h = self.base(x)
                inner = F.linear(h.to(self.down.dtype), self.down, self.down_bias)
                return torch.add(h, F.linear(F.gelu(inner), self.up, self.up_bias)).to(x.dtype)

        return BottleneckLinear()
