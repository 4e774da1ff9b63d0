"""Many LoRAs in one batch at once: each sample's factors are gathered, then multiplied in batches."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators.adapters import multi_lora_loop

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._many import ManyLoras

__all__ = ["OPERATOR"]


class MultiLora(multi_lora_loop.MultiLoraLoop):
    """``y_i = W0 x_i + s·B[id_i] A[id_i] x_i`` by two batched products, whatever adapters the batch asks for.

    A call copies each sample's factors, r·(in + out) numbers a sample; kernels that read them in place exist for
    CUDA only (Punica's SGMV). Otherwise as `multi_lora_loop`, which it equals to rounding.

    Source: Chen et al., arXiv 2310.18547, section 7, where gathering and batched products are a baseline.
    """

    label = "LoRAs in a batch"
    reference = "multi_lora_loop"

    def projection_cost(self, case: Case) -> Cost:
        """The loop's, but for the copies: a sample's factors read, written, and read again by the products.

        torch's counter has no formula for a batched product that is added in place, 2·T·r·out.
        """
        t, i, o, r, b = case.tokens, case.hidden_size, case.out_size, case.rank or 0, case.batch_size
        e, a, loop = case.element_bytes, self.weight_bytes(case), super().projection_cost(case)
        copied = a * b * r * (i + o)
        read = a * min(b, self.adapters(case)) * r * (i + o)
        cast, widened, rounded = (a * t * i, a * t * o, e * t * o) if self.casts(case) else (0, 0, 0)
        return dataclasses.replace(
            loop,
            forward_counter_gap=2 * t * r * o,
            # x read again; A x written and read; y read and written for the sum
            bytes_algorithm=loop.bytes_min
            + 3 * copied
            - read
            + e * t * i
            + 2 * a * t * r
            + 2 * (e * t * o + cast + widened + rounded),
            forward_peak_bytes=e * t * o + a * t * r + max(cast + a * b * r * i, a * b * r * o + widened + rounded),
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> ManyLoras:
        """Gives the projection with A ``[N, r, in]``, B ``[N, out, r]`` and ids ``[batch]`` beside it."""
        import torch

        from bench.operators.adapters._many import ManyLoras

        class Gathered(ManyLoras):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                y: torch.Tensor = self.base(x).to(self.b.dtype)
                inner = torch.bmm(x.to(self.a.dtype), self.a[self.ids].mT)
                return y.baddbmm_(inner, self.b[self.ids].mT, alpha=self.scale).to(x.dtype)

        return Gathered(case, linear, adapters=self.adapters(case), alpha=self._alpha(case), generator=generator)


OPERATOR = MultiLora()
