"""(IA)³ in the feed-forward network: a projection whose inputs are rescaled by a trained vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter
from bench.operators.adapters import lora_merged

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Ia3Feedforward(Adapter):
    """``y = W0 (l ⊙ x)`` with W0 frozen and l ``[in]`` starting at 1: the paper's form for x the inner activation.

    Of activations x is kept, for l's gradient, in whatever dtype l has. `ia3` is the form for keys and values.

    Source: Liu et al., arXiv 2205.05638, section 3.3.
    """

    label = "(IA)³, feed-forward"
    learning_rate = 1e-2  # as of `ia3`
    adapts = ("down",)

    def keeps_input(self, case: Case) -> bool:
        return True

    def projection_cost(self, case: Case) -> Cost:
        """The frozen base's 2·T·in·out, and dx again in the backward pass; rescaling is no matrix product."""
        t, i, o = case.tokens, case.hidden_size, case.out_size
        e, a, frozen = case.element_bytes, self.weight_bytes(case), lora_merged.OPERATOR.projection_cost(case)
        # l ⊙ x, and where dtypes differ the same rounded to x's
        scaled, rounded = max(a, e) * t * i, e * t * i if self.casts(case) else 0
        return Cost(
            forward_flops=frozen.forward_flops,
            backward_flops=frozen.backward_flops,
            bytes_min=frozen.bytes_min + a * i,
            bytes_algorithm=frozen.bytes_algorithm + a * i + 2 * (scaled + rounded),
            saved_bytes=frozen.saved_bytes + e * t * i + a * i,
            forward_peak_bytes=max(scaled + rounded, e * t * (i + o)),
            # y, the gradient of l ⊙ x, that of x, and l's before its sum over tokens
            train_peak_bytes=e * t * o + rounded + e * t * i + 2 * scaled,
            parameters=frozen.parameters + i,
            trainable_parameters=i,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Gives the projection with l ``[in]`` beside it."""
        import torch
        from torch import nn

        class Ia3FeedforwardLinear(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.base = linear.requires_grad_(False)
                dtype = getattr(torch, case.adapter_dtype or case.dtype)
                self.scales = nn.Parameter(torch.ones(linear.in_features, device=linear.weight.device, dtype=dtype))

            def perturb(self, generator: torch.Generator) -> None:
                factor = 1 + 0.1 * torch.randn(self.scales.shape, generator=generator, dtype=torch.float64)
                with torch.no_grad():
                    self.scales.copy_(factor)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                scaled: torch.Tensor = self.base(torch.mul(x, self.scales).to(x.dtype))
                return scaled

            def merged_weight(self) -> torch.Tensor:
                return (self.base.weight * self.scales).to(self.base.weight.dtype)

        return Ia3FeedforwardLinear()


OPERATOR = Ia3Feedforward()
