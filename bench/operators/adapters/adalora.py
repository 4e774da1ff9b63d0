"""AdaLoRA: an update in the form of a singular value decomposition, whose rank a training prunes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

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

    What is measured is a step at the initial rank r. What the training around it needs, the module has: `penalty`,
    which would add 2·r²·(in + out) FLOPs and twice that in the backward pass, whatever the tokens, and `prune`.

    Source: Zhang et al., arXiv 2303.10512, equations 3 and 4 and section 3.2.
    """

    label = "AdaLoRA"
    rank_kind = "update"
    options: Mapping[str, Option] = {"alpha": Option(16.0, "Scale of the update: α/r multiplies P Λ Q x.")}

    def unsupported(self, case: Case) -> str | None:
        if case.task is not None:
            return "adalora is trained with a penalty and pruned on the way, which no task does; take lora"
        return super().unsupported(case)

    def update_rank(self, case: Case) -> int | None:
        return case.rank

    def projection_cost(self, case: Case) -> Cost:
        """LoRA's: rescaling by Λ is no matrix product; Λ Q is formed each call and kept beside Q."""
        r, a = case.rank or 0, self.weight_bytes(case)
        plain = lora.OPERATOR.projection_cost(case)
        scaled = a * r * case.hidden_size
        return dataclasses.replace(
            plain,
            bytes_min=plain.bytes_min + a * r,
            bytes_algorithm=plain.bytes_algorithm + a * r + 2 * scaled,  # Λ Q written and read
            saved_bytes=plain.saved_bytes + scaled + a * r,
            forward_peak_bytes=plain.forward_peak_bytes + scaled,
            train_peak_bytes=plain.train_peak_bytes + scaled,
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
                return self.summed(x, self.singular[:, None] * self.a, self.b).to(x.dtype)

            def penalty(self) -> torch.Tensor:
                """Gives ``‖PᵀP - I‖² + ‖QQᵀ - I‖²``, which a training adds to its loss."""
                identity = torch.eye(len(self.singular), dtype=self.a.dtype, device=self.a.device)
                return (self.b.T @ self.b - identity).square().sum() + (self.a @ self.a.T - identity).square().sum()

            @torch.no_grad()
            def prune(self, keep: int) -> None:
                """Sets all entries of Λ but the `keep` most important to 0, by the gradients of the last step.

                Importance: ``|w ∂L/∂w|`` of the entry, and its means over the entry's column of P and row of Q. The
                paper also averages it over steps, and lowers `keep` from step to step.
                """
                weights = (self.singular, self.b, self.a)
                entry, column, row = ((weight * cast("torch.Tensor", weight.grad)).abs() for weight in weights)
                importance = entry + column.mean(dim=0) + row.mean(dim=1)
                self.singular[importance.argsort(descending=True)[keep:]] = 0.0

            def merged_weight(self) -> torch.Tensor:
                update = self.scale * (self.b @ (self.singular[:, None] * self.a))
                return (self.base.weight + update).to(self.base.weight.dtype)

        return AdaloraLinear()


OPERATOR = Adalora()
