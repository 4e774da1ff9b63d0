"""rsLoRA: LoRA whose update is scaled by α/√r, so that it learns at any rank."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.case import Case
from bench.operators._base import Option
from bench.operators.adapters import lora

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._factors import LowRankLinear

__all__ = ["OPERATOR"]


class RsLora(lora.Lora):
    """``y = W0 x + (α/√r) B A x``: LoRA's factors, initial state and cost, another scale.

    Source: Kalajdzievski, arXiv 2312.03732, section 4: with α/r the update and its gradients vanish as r grows.
    """

    label = "rsLoRA"
    options: Mapping[str, Option] = {"alpha": Option(16.0, "Scale of the update: α/√r multiplies B A x.")}

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives LoRA's module with the scale α/√r."""
        module = super().build(case, linear, generator)
        module.scale *= math.sqrt(case.rank or 1)
        return module


OPERATOR = RsLora()
