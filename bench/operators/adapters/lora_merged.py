"""LoRA after merging: one projection again, which is the point of merging."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter, Option
from bench.operators.adapters import full, lora

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class LoraMerged(Adapter):
    """``y = (W0 + (α/r) B A) x`` in one product; what it costs depends neither on the rank nor on the adapter.

    Source: Hu et al., arXiv 2106.09685, section 4.1 ("no additional inference latency").
    """

    label = "LoRA, merged"
    phases = frozenset({"forward"})
    takes_adapter_dtype = False
    mergeable = starts_as_base = False
    reference = "lora"
    options: Mapping[str, Option] = {
        "merged_rank": Option(
            8.0, "Rank of the update that was merged; it changes the weight, not the cost.", least=1, whole=True
        ),
        "alpha": lora.OPERATOR.options["alpha"],
    }

    def unsupported(self, case: Case) -> str | None:
        if case.phase == "train":
            return "lora_merged has nothing to train: merging ends the training; take lora"
        return super().unsupported(case)

    def reference_case(self, case: Case) -> Case:
        options = tuple((name, value) for name, value in case.options if name != "merged_rank")
        return case.replace(operator="lora", rank=self._merged_rank(case), options=options)

    def keeps_input(self, case: Case) -> bool:
        return False

    def projection_cost(self, case: Case) -> Cost:
        """As the plain projection, frozen: nothing is kept but the weight, and the backward pass would give dx."""
        plain = full.OPERATOR.projection_cost(case)
        return dataclasses.replace(
            plain,
            backward_flops=plain.forward_flops,
            saved_bytes=case.element_bytes * plain.parameters,
            train_peak_bytes=case.element_bytes * case.tokens * (case.hidden_size + case.out_size),
            trainable_parameters=0,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Merges a LoRA whose factors were both drawn, so that the weight is not W0, and freezes the sum."""
        adapted = lora.OPERATOR.build(case.replace(rank=self._merged_rank(case)), linear, generator)
        adapted.perturb(generator)
        linear.weight.data = adapted.merged_weight().detach()
        return linear

    def _merged_rank(self, case: Case) -> int:
        return round(case.option("merged_rank", self.options["merged_rank"].default))


OPERATOR = LoraMerged()
