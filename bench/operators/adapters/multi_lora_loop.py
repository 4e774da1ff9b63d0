"""Many LoRAs in one batch, one after the other over the samples that have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter, Option
from bench.operators.adapters import lora, lora_merged

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._many import ManyLoras

__all__ = ["OPERATOR", "MultiLoraLoop"]


class MultiLoraLoop(Adapter):
    """``y_i = W0 x_i + s·B[id_i] A[id_i] x_i`` for the samples i of a batch, s = α/r: adapters as they are served.

    The N adapters are in a random order that the seed alone decides, and sample i has number i mod N of it: as many
    different ones as the batch can hold, and the same in every projection.

    Source: the problem is Chen et al., arXiv 2310.18547 (Punica), section 3; the loop over adapters is what peft
    does with `adapter_names`.
    """

    label = "LoRAs in a batch (loop)"
    phases = frozenset({"forward"})
    rank_kind = "update"
    mergeable = starts_as_base = False
    fixed_batch = True
    options: Mapping[str, Option] = {
        "alpha": lora.OPERATOR.options["alpha"],
        "adapters": Option(8, "How many adapters there are to choose from.", least=1, whole=True),
    }

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and self.adapters(case) < 1:
            reason = f"{case.operator} serves {self.adapters(case)} adapters; take adapters ≥ 1"
        return reason

    def adapters(self, case: Case) -> int:
        """Gives N."""
        return round(case.option("adapters", self.options["adapters"].default))

    def projection_cost(self, case: Case) -> Cost:
        """LoRA's, with N·r·(in + out) weights, of which a call reads those that the batch asks for.

        Worst moment: y, and beside it what the samples of one adapter need: their x, A x and update. The backward
        pass, which is not measured, would be LoRA's.
        """
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a, one = case.element_bytes, self.weight_bytes(case), lora.OPERATOR.projection_cost(case)
        weights, adapters = r * (i + o), self.adapters(case)
        asked = min(case.batch_size, adapters)
        share = -(-case.batch_size // adapters) * case.seq_len
        cast, rounded = (a * i, e * o) if self.casts(case) else (0, 0)
        least = lora_merged.OPERATOR.projection_cost(case).bytes_min + a * asked * weights
        return Cost(
            forward_flops=one.forward_flops,
            backward_flops=one.backward_flops,
            bytes_min=least,
            # x read, its rows written and read; A x and the update written and read; y read and written for the sum
            bytes_algorithm=least + 3 * e * t * i + 2 * a * t * (r + o) + 2 * e * t * o + 2 * t * (cast + rounded),
            saved_bytes=one.saved_bytes + a * (adapters - 1) * weights,
            forward_peak_bytes=e * t * o
            + share * max(e * i + cast, (cast or e * i) + a * r, a * (r + o), a * o + rounded),
            train_peak_bytes=one.train_peak_bytes + a * (adapters - 1) * weights,
            parameters=i * o + adapters * weights,
            trainable_parameters=adapters * weights,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> ManyLoras:
        """Gives the projection with A ``[N, r, in]``, B ``[N, out, r]`` and ids ``[batch]`` beside it."""
        from torch.nn import functional as F

        from bench.operators.adapters._many import ManyLoras

        class Loop(ManyLoras):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                y: torch.Tensor = self.base(x)
                for adapter in sorted(set(self.ids.tolist())):
                    rows = (self.ids == adapter).nonzero().squeeze(1)
                    update = F.linear(F.linear(x[rows].to(self.a.dtype), self.a[adapter]), self.b[adapter])
                    y.index_add_(0, rows, update.to(y.dtype), alpha=self.scale)
                    del update  # before the next adapter's samples are gathered
                return y

        return Loop(case, linear, adapters=self.adapters(case), alpha=self._alpha(case), generator=generator)

    def _alpha(self, case: Case) -> float:
        return case.option("alpha", self.options["alpha"].default)


OPERATOR = MultiLoraLoop()
