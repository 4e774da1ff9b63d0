"""LoRA-FA: LoRA with A frozen, so that x is not kept for the backward pass."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators.adapters import lora

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._factors import LowRankLinear

__all__ = ["OPERATOR"]


class LoraFa(lora.Lora):
    """``y = W0 x + (α/r) B A x`` with W0 and A frozen, B zero: of activations only A x, ``[T, r]``, is kept.

    The optimizer is the plain one; peft's helper also multiplies B's gradient by ``(s² A Aᵀ)⁻¹``.

    Source: Zhang et al., arXiv 2308.03303, section 3.
    """

    label = "LoRA-FA"

    def keeps_input(self, case: Case) -> bool:
        return False

    def projection_cost(self, case: Case) -> Cost:
        """LoRA's without dA: backward 2·T·r·in + 4·T·r·out beside the base's dx; x or its copy is not kept."""
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a, plain = case.element_bytes, self.weight_bytes(case), super().projection_cost(case)
        inner = a * t * r
        # A x and LoRA's start of the backward pass; and at its end what of dx has not met its sum yet
        gradients = max(inner + (a + e) * t * o, (2 * e + a) * t * i) if self.casts(case) else 0
        return dataclasses.replace(
            plain,
            backward_flops=plain.backward_flops - 2 * t * r * i,
            saved_bytes=plain.saved_bytes - (a if self.casts(case) else e) * t * i,
            train_peak_bytes=e * t * o + a * r * o + max(gradients, inner + (e + a) * t * i),
            trainable_parameters=r * o,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives LoRA's module with A frozen."""
        module = super().build(case, linear, generator)
        module.a.requires_grad_(False)
        return module


OPERATOR = LoraFa()
