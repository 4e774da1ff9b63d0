"""The plain projection, its weight trained: the baseline of every adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Full(Adapter):
    """``y = W0 x`` with W0 trainable: full fine-tuning.

    At scope `layer` it is the plain self-attention with all four projections trainable.
    """

    label = "full fine-tuning"
    learning_rate = 1e-4  # all weights have been trained: a twentieth of what factors that begin at zero take
    trains_base = True
    takes_adapter_dtype = False
    mergeable = False

    def projection_cost(self, case: Case) -> Cost:
        """2·T·in·out forward; the backward pass gives dx and dW, each as much again."""
        t, i, o, e = case.tokens, case.hidden_size, case.out_size, case.element_bytes
        flops, weights = 2 * t * i * o, i * o
        least = e * (t * (i + o) + weights)
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=least,
            bytes_algorithm=least,
            saved_bytes=e * (t * i + weights),
            forward_peak_bytes=e * t * o,
            train_peak_bytes=e * (t * (i + o) + weights),
            parameters=weights,
            trainable_parameters=weights,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Gives the projection itself."""
        return linear.requires_grad_(True)


OPERATOR = Full()
