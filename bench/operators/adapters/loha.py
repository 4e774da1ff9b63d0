"""LoHa: an update that is the elementwise product of two low-rank matrices, of rank up to r²."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter, Option
from bench.operators.adapters import full

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Loha(Adapter):
    """``y = (W0 + (α/r) (B1 A1) ⊙ (B2 A2)) x`` with W0 frozen; the update is formed and added to W0 each call.

    A1 and A2 are drawn from N(0, 1), B1 from N(0, 0.1²), B2 is zero.

    Source: Hyeon-Woo, Ye-Bin, Oh, arXiv 2108.06098, proposition 1 (FedPara, without its tanh).
    """

    label = "LoHa"
    rank_kind = "update"
    options: Mapping[str, Option] = {"alpha": Option(16.0, "Scale of the update: α/r multiplies (B1 A1) ⊙ (B2 A2).")}

    def update_rank(self, case: Case) -> int | None:
        return (case.rank or 0) ** 2

    def keeps_input(self, case: Case) -> bool:
        return True  # x meets the sum, in its own dtype

    def projection_cost(self, case: Case) -> Cost:
        """Base 2·T·in·out and 4·r·in·out for the update; backward dx, the sum's gradient and 8·r·in·out."""
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a = case.element_bytes, self.weight_bytes(case)
        base, weights = full.OPERATOR.projection_cost(case).forward_flops, 2 * r * (i + o)
        entry = i * o
        # where dtypes differ: the sum in the adapter's
        copied = a * entry if self.casts(case) else 0
        least = e * (t * (i + o) + entry) + a * weights
        return Cost(
            forward_flops=base + 4 * r * entry,
            backward_flops=2 * base + 8 * r * entry,
            bytes_min=least,
            # both products, theirs and the sum written and read
            bytes_algorithm=least + 2 * (3 * a + e) * entry + 2 * copied,
            saved_bytes=e * (t * i + entry) + a * (2 * entry + weights),
            # theirs is in the place of one of them, and the sum in theirs
            forward_peak_bytes=max(2 * a * entry, e * (entry + t * o)),
            # the end of the backward pass: y, dx, both products, theirs and all three's gradients, s·B1
            train_peak_bytes=e * t * (i + o) + 5 * a * entry + a * o * r,
            parameters=entry + weights,
            trainable_parameters=weights,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Gives the projection with A1, A2 ``[r, in]`` and B1, B2 ``[out, r]`` beside it."""
        import torch
        from torch import nn

        from bench.operators.adapters._factors import rescale

        rank, dtype = case.rank or 1, getattr(torch, case.adapter_dtype or case.dtype)

        def drawn(rows: int, columns: int, std: float) -> nn.Parameter:
            weight = std * torch.randn(rows, columns, generator=generator, dtype=torch.float64)
            return nn.Parameter(weight.to(linear.weight.device, dtype))

        class LohaLinear(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.base = linear.requires_grad_(False)
                self.scale = case.option("alpha", OPERATOR.options["alpha"].default) / rank
                self.a1, self.b1 = drawn(rank, linear.in_features, 1.0), drawn(linear.out_features, rank, 0.1)
                self.a2, self.b2 = drawn(rank, linear.in_features, 1.0), drawn(linear.out_features, rank, 0.0)

            def perturb(self, generator: torch.Generator) -> None:
                b2 = 0.1 * torch.randn(self.b2.shape, generator=generator, dtype=torch.float64)
                with torch.no_grad():
                    self.b2.copy_(b2)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return nn.functional.linear(x, self.merged_weight())

            def merged_weight(self) -> torch.Tensor:
                update = rescale((self.scale * self.b1) @ self.a1, self.b2 @ self.a2)
                return update.add_(self.base.weight).to(self.base.weight.dtype)

        return LohaLinear()


OPERATOR = Loha()
