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
        return dataclasses.replace(
            plain,
            backward_flops=plain.backward_flops - 2 * t * r * i,
            saved_bytes=plain.saved_bytes - (a if self.casts(case) else e) * t * i,
            # the sum, or the end of the backward pass: y, both contributions to dx and their sum, dB
            train_peak_bytes=max(plain.forward_peak_bytes + a * t * r, e * t * (o + 3 * i) + a * r * o),
            trainable_parameters=r * o,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives LoRA's module with A frozen."""
        module = super().build(case, linear, generator)
        module.a.requires_grad_(False)
        return module


OPERATOR = LoraFa()
