"""DoRA: LoRA's sum, its rows rescaled to trained magnitudes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter
from bench.operators.adapters import lora

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._factors import LowRankLinear

__all__ = ["OPERATOR"]


class Dora(Adapter):
    """``y = m ⊙ (W0 + sBA) x / ‖W0 + sBA‖``, norms by output row and constant in the backward pass.

    B A is never formed: with ``‖W0‖²`` kept from the set-up, the squared norms are
    ``‖W0‖² + 2s·rowsum(W0 Aᵀ ⊙ B) + s²·rowsum(B (A Aᵀ) ⊙ B)``. That costs the products of forming it, ``2r·in·out``
    and ``2r²(in + out)`` more, but writes r·out numbers where forming writes in·out, several times.

    Source: Liu et al., arXiv 2402.09353, equation 5, and section 4.3 for the detached norm; m starts at ‖W0‖.
    """

    label = "DoRA"
    scales_update = False  # the sum is normalised
    rank_kind = "update"
    exact_gradients = False  # the norm is held constant
    options = lora.OPERATOR.options

    def projection_cost(self, case: Case) -> Cost:
        """LoRA's, and the norms once a call: 2r·in·out + 2r²·(in + out), forward only, for they are detached."""
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a, plain = case.element_bytes, self.weight_bytes(case), lora.OPERATOR.projection_cost(case)
        kept = a * t * r + (a * t * (i + o) if self.casts(case) else 0)
        return dataclasses.replace(
            plain,
            forward_flops=plain.forward_flops + 2 * r * i * o + 2 * r * r * (i + o),
            bytes_min=plain.bytes_min + a * o,
            # the sum read and written once more, W0 and B read again for the norms
            bytes_algorithm=plain.bytes_algorithm + 2 * a * t * o + e * i * o + a * o * (4 * r + 1),
            saved_bytes=plain.saved_bytes + a * (t * o + 2 * o),
            forward_peak_bytes=plain.forward_peak_bytes + a * o,
            # or the start of the backward pass: y, the sum, and the gradients of the sum and of m before its own sum;
            # A x; where dtypes differ, the copy of x and y's gradient in the adapter's; the scales and two like them
            train_peak_bytes=max(plain.train_peak_bytes, e * t * o + 3 * a * t * o + kept + 3 * a * o),
            parameters=plain.parameters + o,
            trainable_parameters=plain.trainable_parameters + o,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives the projection with A ``[r, in]``, B ``[out, r]`` and the magnitudes m ``[out]`` beside it."""
        import torch
        from torch import nn

        from bench.operators.adapters._factors import LowRankLinear, rescale

        class DoraLinear(LowRankLinear):
            base_squares: torch.Tensor

            def __init__(self) -> None:
                super().__init__(
                    linear,
                    rank=case.rank or 1,
                    dtype=getattr(torch, case.adapter_dtype or case.dtype),
                    alpha=case.option("alpha", lora.OPERATOR.options["alpha"].default),
                    generator=generator,
                )
                self.register_buffer("base_squares", self.base.weight.detach().to(self.a.dtype).square().sum(dim=1))
                self.magnitude = nn.Parameter(self.base_squares.sqrt())

            def perturb(self, generator: torch.Generator) -> None:
                super().perturb(generator)
                factor = 1 + 0.1 * torch.randn(self.magnitude.shape, generator=generator, dtype=torch.float64)
                with torch.no_grad():
                    self.magnitude.mul_(factor.to(self.magnitude))

            @torch.no_grad()
            def row_norms(self) -> torch.Tensor:
                weight, a, b = self.base.weight, self.a, self.b
                cross = (weight @ a.to(weight.dtype).T * b).sum(dim=1)
                update = (b @ (a @ a.T) * b).sum(dim=1)
                return (self.base_squares + 2 * self.scale * cross + self.scale**2 * update).sqrt()

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                scales = self.magnitude / self.row_norms()
                return rescale(self.summed(x, self.a, self.b), scales).to(x.dtype)

            def merged_weight(self) -> torch.Tensor:
                summed = self.base.weight + self.scale * (self.b @ self.a)
                return ((self.magnitude / self.row_norms())[:, None] * summed).to(self.base.weight.dtype)

        return DoraLinear()


OPERATOR = Dora()
