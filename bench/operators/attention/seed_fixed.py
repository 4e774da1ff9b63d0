"""The module from which the project began, put right: exact attention with one head and its own projections."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Layer, Option

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR", "SeedFixed"]


class SeedFixed(Layer):
    """``softmax(q kᵀ / √d_key) v`` of ``q, k, v = x Wᵀ + b``, for x of any leading dimensions.

    The article that calls its module "LoRA" has neither low rank nor an adapter in it: this is Vaswani et al., arXiv
    1706.03762, equation 1, with a single head and no output projection. `seed_as_written` is what the article prints.
    """

    label = "seed (fixed)"
    options: Mapping[str, Option] = {
        "d_key": Option(0, "Width of queries and keys; 0: hidden_size.", least=0, whole=True),
        "d_value": Option(0, "Width of values and output; 0: hidden_size.", least=0, whole=True),
    }

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.causal:
            reason = f"{case.operator} has no causal form"
        if reason is None and case.mask != "none":
            reason = f"{case.operator} honours no key mask"
        return reason

    def widths(self, case: Case) -> tuple[int, int]:
        """Gives d_key and d_value."""
        d_key, d_value = (int(case.option(name, option.default)) for name, option in self.options.items())
        return d_key or case.hidden_size, d_value or case.hidden_size

    def cost(self, case: Case) -> Cost:
        """Projections 2·T·d·(2·d_key + d_value), then 2·b·n²·(d_key + d_value); backward twice that, x included.

        Weights 2·(d·d_key + d_key) + d·d_value + d_value. Kept: x, the weights that x is multiplied with, q, k, v (q
        scaled) and the probabilities.
        """
        b, n, d, e = case.batch_size, case.seq_len, case.hidden_size, case.element_bytes
        d_key, d_value = self.widths(case)
        tokens, bias = case.tokens, 2 * d_key + d_value
        weights = d * bias
        flops = 2 * tokens * weights + 2 * b * n * n * (d_key + d_value)
        scores, heads, x = e * b * n * n, e * tokens * bias, e * tokens * d
        keys, values = e * tokens * d_key, e * tokens * d_value
        bytes_min = x + e * (tokens * d_value + weights + bias)
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=bytes_min,
            bytes_algorithm=bytes_min + 2 * heads + 4 * scores,
            saved_bytes=x + e * weights + heads + scores,
            forward_peak_bytes=heads + scores + max(scores, keys, values),
            train_peak_bytes=max(3 * scores + 2 * keys, e * weights + heads + 2 * x) + 2 * values,
            parameters=weights + bias,
            trainable_parameters=weights + bias,
        )

    def build(self, case: Case, generator: torch.Generator) -> torch.nn.Module:
        """Gives the module ``x [..., n, d] -> [..., n, d_value]``, its weights drawn as torch's Linear draws them."""
        import torch
        from torch import nn

        d_key, d_value = self.widths(case)
        attend = self.attend

        def linear(width: int) -> nn.Linear:
            made = nn.Linear(case.hidden_size, width, dtype=getattr(torch, case.dtype), device=case.device)
            bound = 1 / math.sqrt(case.hidden_size)
            with torch.no_grad():
                for weight in (made.weight, made.bias):
                    drawn = torch.empty(weight.shape, dtype=torch.float64)
                    weight.copy_(drawn.uniform_(-bound, bound, generator=generator))
            return made

        class SeedAttention(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear_q, self.linear_k, self.linear_v = linear(d_key), linear(d_key), linear(d_value)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return attend(self.linear_q(x), self.linear_k(x), self.linear_v(x))

        return SeedAttention()

    def attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """``q, k [..., n, d_key]``, ``v [..., n, d_value]`` -> ``[..., n, d_value]``."""
        return (q / math.sqrt(q.shape[-1]) @ k.transpose(-2, -1)).softmax(dim=-1) @ v


OPERATOR = SeedFixed()
