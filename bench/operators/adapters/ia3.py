"""(IA)³: a projection whose outputs are rescaled by a trained vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter
from bench.operators.adapters import full

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Ia3(Adapter):
    """``y = l ⊙ (W0 x)`` with W0 frozen and l ``[out]`` starting at 1: the form of the paper for keys and values.

    Of activations W0 x is kept, for l's gradient, and x is not. In a layer it is put on k and v, as in the paper,
    whose form for the feed-forward network is `ia3_feedforward`.

    Source: Liu et al., arXiv 2205.05638, section 3.3.
    """

    label = "(IA)³"
    learning_rate = 1e-2  # a few scales that start at 1
    adapts = ("k", "v")

    def keeps_input(self, case: Case) -> bool:
        return False

    def projection_cost(self, case: Case) -> Cost:
        """The frozen base's 2·T·in·out, and dx again in the backward pass; rescaling is no matrix product."""
        t, i, o = case.tokens, case.hidden_size, case.out_size
        e, a = case.element_bytes, self.weight_bytes(case)
        base = full.OPERATOR.projection_cost(case).forward_flops
        copied = a * t * o if self.casts(case) else 0  # where dtypes differ: what l is multiplied with, in l's
        least = e * (t * (i + o) + i * o) + a * o
        return Cost(
            forward_flops=base,
            backward_flops=base,
            bytes_min=least,
            # W0 x written and read
            bytes_algorithm=least + 2 * e * t * o + 2 * copied,
            saved_bytes=e * (t * o + i * o) + a * o,
            # in place of W0 x, which where dtypes differ is widened and rounded on the way
            forward_peak_bytes=e * t * o + 2 * copied,
            # the start of the backward pass: y, W0 x, its gradient and l's before its sum over tokens; or the end: y
            # and the gradients of W0 x and of x
            train_peak_bytes=max(3 * e * t * o + a * t * o + 2 * copied, e * t * (2 * o + i)),
            parameters=i * o + o,
            trainable_parameters=o,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Gives the projection with l ``[out]`` beside it."""
        import torch
        from torch import nn

        from bench.operators.adapters._factors import rescale

        class Ia3Linear(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.base = linear.requires_grad_(False)
                dtype = getattr(torch, case.adapter_dtype or case.dtype)
                self.scales = nn.Parameter(torch.ones(linear.out_features, device=linear.weight.device, dtype=dtype))

            def perturb(self, generator: torch.Generator) -> None:
                factor = 1 + 0.1 * torch.randn(self.scales.shape, generator=generator, dtype=torch.float64)
                with torch.no_grad():
                    self.scales.copy_(factor)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return rescale(self.base(x), self.scales).to(x.dtype)

            def merged_weight(self) -> torch.Tensor:
                return (self.scales[:, None] * self.base.weight).to(self.base.weight.dtype)

        return Ia3Linear()


OPERATOR = Ia3()
