"""PiSSA: LoRA that starts at the principal part of W0 and freezes the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.operators.adapters import lora

if TYPE_CHECKING:
    import torch

    from bench.operators.adapters._factors import LowRankLinear

__all__ = ["OPERATOR"]


class Pissa(lora.Lora):
    """``y = (W0 - s·B₀A₀) x + s·B A x`` with ``s·B₀A₀`` the top-r singular part of W0, √S on each side; s = α/r.

    LoRA's cost, once the singular value decomposition of the set-up is done.

    Source: Meng, Wang, Zhang, arXiv 2404.02948, equations 2–4.
    """

    label = "PiSSA"
    scales_update = False  # the factors hold a part of W0, whatever the scale

    def unsupported(self, case: Case) -> str | None:
        # in a self-attention the narrowest projection is v's
        narrowest = case.kv_heads * (case.head_dim or 0) if case.scope != "projection" else case.out_size
        most = min(case.hidden_size, narrowest)
        if (case.rank or 0) > most:
            return f"{case.operator} takes its factors from W0, which has rank {most}; take rank ≤ {most}"
        if case.option("alpha", self.options["alpha"].default) <= 0:
            return f"{case.operator} divides its factors by the scale's root; take alpha > 0"
        return super().unsupported(case)

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> LowRankLinear:
        """Gives LoRA's module, the factors and the residual ``W0 - s·B A`` in place of B = 0 and W0.

        The decomposition is made in float32, or in W0's dtype where that has more digits.
        """
        import torch

        from bench.operators.adapters._factors import ResidualLinear

        module = ResidualLinear(
            linear,
            rank=case.rank or 1,
            dtype=getattr(torch, case.adapter_dtype or case.dtype),
            alpha=case.option("alpha", self.options["alpha"].default),
            generator=generator,
        )
        weight = linear.weight.detach()
        module.move(*self.split(weight.to(torch.promote_types(weight.dtype, torch.float32)), case.rank or 1))
        return module

    def split(self, weight: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Gives the factors ``[out, r]`` and ``[r, in]`` whose product leaves the base."""
        import torch

        u, s, vh = torch.linalg.svd(weight, full_matrices=False)
        roots = s[:rank].sqrt()
        return u[:, :rank] * roots, roots[:, None] * vh[:rank]


OPERATOR = Pissa()
