"""LoRA, unmerged: a frozen projection with a trainable update of rank r beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter, Option

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._factors import LowRankLinear

__all__ = ["OPERATOR"]


class Lora(Adapter):
    """``y = W0 x + (α/r) B A x`` with W0 frozen, A Kaiming-uniform, B zero.

    With `adapter_dtype` x is cast to it before A, and the sum is rounded back once.

    Source: Hu et al., arXiv 2106.09685, equation 3. The paper draws A from a Gaussian; its code, and we, draw it
    Kaiming-uniform with a = √5.
    """

    label = "LoRA"
    rank_kind = "update"
    options: Mapping[str, Option] = {"alpha": Option(16.0, "Scale of the update: α/r multiplies B A x.")}

    def update_rank(self, case: Case) -> int | None:
        return case.rank

    def projection_cost(self, case: Case) -> Cost:
        """Base 2·T·in·out and 2·T·r·(in + out); backward dx of the base and twice the adapter's forward.

        torch's counter has no formula for a product that is added in place, 2·T·r·out.
        """
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a = case.element_bytes, self.weight_bytes(case)
        base, extra, weights = 2 * t * i * o, 2 * t * r * (i + o), r * (i + o)
        # where dtypes differ: the copy of x in the adapter's, the base's product in it, and the sum rounded back
        cast, widened, rounded = (a * t * i, a * t * o, e * t * o) if self.casts(case) else (0, 0, 0)
        least, inner, y = e * (t * (i + o) + i * o) + a * weights, a * t * r, e * t * o
        return Cost(
            forward_flops=base + extra,
            backward_flops=base + 2 * extra,
            forward_counter_gap=2 * t * r * o,
            bytes_min=least,
            # x read again by A; A x written and read; y read and written for the sum
            bytes_algorithm=least + e * t * i + 2 * (inner + y + cast + widened + rounded),
            saved_bytes=(cast or e * t * i) + inner + e * i * o + a * weights,
            forward_peak_bytes=inner + max(cast, y + widened),
            train_peak_bytes=max(
                # the start of the backward pass, where dtypes differ: y, its gradient in both, dB
                y + cast + inner + a * r * o + widened + rounded,
                # its end: y, both contributions to dx, of which one becomes their sum, dA, dB, the gradient of A x
                y + (e + a) * t * i + cast + inner + a * weights,
            ),
            parameters=i * o + weights,
            trainable_parameters=weights,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives the projection with A ``[r, in]`` and B ``[out, r]`` beside it."""
        import torch

        from bench.operators.adapters._factors import SummedLinear

        return SummedLinear(
            linear,
            rank=case.rank or 1,
            dtype=getattr(torch, case.adapter_dtype or case.dtype),
            alpha=case.option("alpha", self.options["alpha"].default),
            generator=generator,
        )


OPERATOR = Lora()
