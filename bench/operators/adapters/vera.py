"""VeRA: frozen random factors, and two trained vectors that rescale what passes them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter, Option
from bench.operators.adapters import lora

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._factors import LowRankLinear

__all__ = ["OPERATOR"]


class Vera(Adapter):
    """``y = W0 x + λ_b ⊙ B (λ_d ⊙ A x)`` with W0, A and B frozen; λ_b ``[out]`` starts at 0, λ_d ``[r]`` at 0.1.

    A model's layers share one A and one B. Here every projection draws and counts its own, as frozen weights: they
    are in the file, they are multiplied by, they are kept for the backward pass.

    Source: Kopiczko et al., arXiv 2310.11454, section 3: A and B Kaiming-uniform, U(±√(6/in)) and U(±√(6/r)).
    """

    label = "VeRA"
    rank_kind = "update"
    options: Mapping[str, Option] = {"lambda_d": Option(0.1, "What every entry of λ_d starts at.")}

    def keeps_input(self, case: Case) -> bool:
        return False

    def projection_cost(self, case: Case) -> Cost:
        """LoRA's forward; backward 2·T·r·(in + out) beside the base's dx, for A and B get no gradient."""
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a, plain = case.element_bytes, self.weight_bytes(case), lora.OPERATOR.projection_cost(case)
        forward_peak = plain.forward_peak_bytes + a * t * r  # LoRA's, and λ_d ⊙ A x
        # at λ_b, going back: y, B … and its gradient, λ_b's before its sum over tokens, A x; where dtypes differ, y's
        # gradient in the adapter's and the base's
        backward = e * t * o + a * t * (3 * o + r) + ((a + e) * t * o if self.casts(case) else 0)
        return dataclasses.replace(
            plain,
            backward_flops=plain.backward_flops - 2 * t * r * (i + o),
            bytes_min=plain.bytes_min + a * (r + o),
            # λ_d ⊙ A x and λ_b ⊙ B … written and read
            bytes_algorithm=plain.bytes_algorithm + a * (r + o) + 2 * a * t * (r + o),
            # of activations A x and B λ_d ⊙ A x, for the gradients of λ_d and λ_b
            saved_bytes=a * (t * (r + o) + r * (i + o) + r + o) + e * i * o,
            forward_peak_bytes=forward_peak,
            # the sum; or going back; or its end: y, both contributions to dx and their sum
            train_peak_bytes=max(forward_peak + a * t * (r + o), backward, e * t * (o + 3 * i)),
            parameters=plain.parameters + r + o,
            trainable_parameters=r + o,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives the projection with A ``[r, in]``, B ``[out, r]``, λ_d and λ_b beside it."""
        import torch
        from torch import nn

        from bench.operators.adapters._factors import LowRankLinear

        start = case.option("lambda_d", self.options["lambda_d"].default)

        class VeraLinear(LowRankLinear):
            def __init__(self) -> None:
                rank, dtype = case.rank or 1, getattr(torch, case.adapter_dtype or case.dtype)
                super().__init__(linear, rank=rank, dtype=dtype, alpha=rank, generator=generator)
                with torch.no_grad():
                    self.a.mul_(math.sqrt(6))  # from U(±1/√in)
                    b = torch.empty(self.b.shape, dtype=torch.float64)
                    self.b.copy_(b.uniform_(-math.sqrt(6 / rank), math.sqrt(6 / rank), generator=generator))
                self.a.requires_grad_(False)
                self.b.requires_grad_(False)
                self.lambda_d = nn.Parameter(torch.full_like(self.b[0], start))
                self.lambda_b = nn.Parameter(torch.zeros_like(self.b[:, 0]))

            def perturb(self, generator: torch.Generator) -> None:
                d, b = (
                    torch.randn(weight.shape, generator=generator, dtype=torch.float64)
                    for weight in (self.lambda_d, self.lambda_b)
                )
                with torch.no_grad():
                    self.lambda_d.mul_((1 + 0.1 * d).to(self.lambda_d))
                    self.lambda_b.copy_(b)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                inner = self.lambda_d * nn.functional.linear(x.to(self.a.dtype), self.a)
                return torch.add(self.base(x), self.lambda_b * nn.functional.linear(inner, self.b)).to(x.dtype)

            def merged_weight(self) -> torch.Tensor:
                update = self.lambda_b[:, None] * (self.b @ (self.lambda_d[:, None] * self.a))
                return (self.base.weight + update).to(self.base.weight.dtype)

        return VeraLinear()


OPERATOR = Vera()
