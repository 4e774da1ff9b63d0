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
    learning_rate = 1e-2  # ten times LoRA's or more, as in the paper's tables of settings
    rank_kind = "update"
    options: Mapping[str, Option] = {"lambda_d": Option(0.1, "What every entry of λ_d starts at.")}

    def update_rank(self, case: Case) -> int | None:
        return case.rank

    def keeps_input(self, case: Case) -> bool:
        return False

    def projection_cost(self, case: Case) -> Cost:
        """LoRA's forward, and 2·T·r·(in + 2·out) in the backward pass beside the base's dx.

        A and B get no gradient, but λ_b λ_dᵀ ⊙ B gets one, of which those of λ_b and λ_d are sums. The usual way
        keeps B … instead, ``[T, out]``, and spares 2·T·r·out.
        """
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a, plain = case.element_bytes, self.weight_bytes(case), lora.OPERATOR.projection_cost(case)
        inner, formed, y = a * t * r, a * r * o, e * t * o  # A x, λ_b λ_dᵀ ⊙ B, and the output
        widened, cast = (a * t * o, a * t * i) if self.casts(case) else (0, 0)
        # A x and the gradient of y in both dtypes; and at the end what of dx has not met its sum yet
        gradients = max(inner + widened + e * t * o, (2 * e + a) * t * i) if self.casts(case) else 0
        return dataclasses.replace(
            plain,
            backward_flops=plain.backward_flops - 2 * t * r * i,
            bytes_min=plain.bytes_min + a * (r + o),
            # λ_b λ_dᵀ and its product with B written and read
            bytes_algorithm=plain.bytes_algorithm + a * (r + o) + 4 * formed,
            saved_bytes=inner + formed + a * (r * (i + o) + r + o) + e * i * o,
            forward_peak_bytes=formed + inner + max(cast, y + widened),
            train_peak_bytes=formed + y + max(gradients, inner + (e + a) * t * i),
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
                return self.summed(x, self.a, torch.outer(self.lambda_b, self.lambda_d) * self.b).to(x.dtype)

            def merged_weight(self) -> torch.Tensor:
                update = self.lambda_b[:, None] * (self.b @ (self.lambda_d[:, None] * self.a))
                return (self.base.weight + update).to(self.base.weight.dtype)

        return VeraLinear()


OPERATOR = Vera()
