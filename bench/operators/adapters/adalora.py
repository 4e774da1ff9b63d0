"""AdaLoRA: an update in the form of a singular value decomposition, whose rank a training prunes."""

from __future__ import annotations

import dataclasses
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


class Adalora(Adapter):
    """``y = W0 x + (α/r) P Λ Q x`` with W0 frozen, P and Q drawn from N(0, 0.02²), the diagonal Λ zero.

    What is measured is a step at the initial rank r. Pruning entries of Λ by importance and the penalty
    ``‖PᵀP - I‖² + ‖QQᵀ - I‖²`` belong to the training around it; the penalty would add 2·r²·(in + out) FLOPs and
    twice that in the backward pass, whatever the tokens.

    Source: Zhang et al., arXiv 2303.10512, equation 3.
    """

    label = "AdaLoRA"
    rank_kind = "update"
    options: Mapping[str, Option] = {"alpha": Option(16.0, "Scale of the update: α/r multiplies P Λ Q x.")}

    def projection_cost(self, case: Case) -> Cost:
        """LoRA's: rescaling by Λ is no matrix product; Q x is kept beside Λ Q x."""
        t, r, a = case.tokens, case.rank or 0, self.weight_bytes(case)
        plain = lora.OPERATOR.projection_cost(case)
        inner = a * t * r
        return dataclasses.replace(
            plain,
            bytes_min=plain.bytes_min + a * r,
            bytes_algorithm=plain.bytes_algorithm + a * r + 2 * inner,  # Λ Q x written and read
            saved_bytes=plain.saved_bytes + inner + a * r,
            forward_peak_bytes=plain.forward_peak_bytes + inner,
            train_peak_bytes=plain.train_peak_bytes + inner,
            parameters=plain.parameters + r,
            trainable_parameters=plain.trainable_parameters + r,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives the projection with Q ``[r, in]`` as `a`, P ``[out, r]`` as `b` and Λ ``[r]`` beside it."""
        import torch
        from torch import nn

        from bench.operators.adapters._factors import LowRankLinear

        class AdaloraLinear(LowRankLinear):
            def __init__(self) -> None:
                super().__init__(
                    linear,
                    rank=case.rank or 1,
                    dtype=getattr(torch, case.adapter_dtype or case.dtype),
                    alpha=case.option("alpha", OPERATOR.options["alpha"].default),
                    generator=generator,
                )
                with torch.no_grad():
                    for factor in (self.a, self.b):
                        factor.copy_(0.02 * torch.randn(factor.shape, generator=generator, dtype=torch.float64))
                self.singular = nn.Parameter(torch.zeros_like(self.a[:, 0]))

            def perturb(self, generator: torch.Generator) -> None:
                super().perturb(generator)
                singular = torch.randn(self.singular.shape, generator=generator, dtype=torch.float64)
                with torch.no_grad():
                    self.singular.copy_(singular)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                inner = self.singular * nn.functional.linear(x.to(self.a.dtype), self.a)
                return torch.add(self.base(x), nn.functional.linear(inner, self.b), alpha=self.scale).to(x.dtype)

            def merged_weight(self) -> torch.Tensor:
                update = self.scale * (self.b @ (self.singular[:, None] * self.a))
                return (self.base.weight + update).to(self.base.weight.dtype)

        return AdaloraLinear()


OPERATOR = Adalora()
