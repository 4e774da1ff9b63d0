"""LoKr: an update that is a Kronecker product, applied without forming it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Adapter, Option
from bench.operators.adapters import full

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class _Shape(NamedTuple):
    """W1 ``[a1, b1]`` and W2 ``[a2, b2]``: out = a1·a2, in = b1·b2."""

    a1: int
    a2: int
    b1: int
    b2: int
    factored: bool
    """Whether W2 is W2a W2b, ``[a2, r]`` and ``[r, b2]``, which it is where that has fewer weights."""

    def weights(self, rank: int) -> int:
        second = rank * (self.a2 + self.b2) if self.factored else self.a2 * self.b2
        return self.a1 * self.b1 + second


class Lokr(Adapter):
    """``y = W0 x + (α/r) (W1 ⊗ W2) x`` with W0 frozen, W1 zero, W2 or its factors Kaiming-uniform with a = √5.

    W1's height and width are the largest divisors of out and in up to `factor` and their root. With x laid out as
    ``X [b1, b2]`` the update is ``W1 X W2ᵀ``; W2, where it is factored, is formed once a call.

    Source: Yeh et al., arXiv 2309.14859, section 3.2.
    """

    label = "LoKr"
    rank_kind = "update"
    options: Mapping[str, Option] = {
        "alpha": Option(16.0, "Scale of the update: α/r multiplies W1 ⊗ W2."),
        "factor": Option(8.0, "Largest height and width of W1."),
    }

    def projection_cost(self, case: Case) -> Cost:
        """Base 2·T·in·out and 2·T·b1·a2·(b2 + a1), where W2 is factored 2·r·a2·b2 too; backward dx and twice that."""
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a, shape = case.element_bytes, self.weight_bytes(case), self._shape(case)
        a1, a2, b1, b2, factored = shape
        base, weights = full.OPERATOR.projection_cost(case).forward_flops, shape.weights(r)
        formed = a2 * b2 if factored else 0
        extra, inner = 2 * t * b1 * a2 * (b2 + a1) + 2 * r * formed, a * t * b1 * a2
        # where dtypes differ: the copy of x in the adapter's, and the base's product beside its own
        cast, rounded = (a * t * i, e * t * o) if self.casts(case) else (0, 0)
        least = e * (t * (i + o) + i * o) + a * weights
        summing = 3 * a * t * o + rounded  # the base's product, the update and their sum
        kept = (cast or e * t * i) + inner + a * formed
        turning = e * t * o + cast + 2 * inner + a * (t * o + formed)  # X W2ᵀ, its transpose, W1's product with it
        return Cost(
            forward_flops=base + extra,
            backward_flops=base + 2 * extra,
            bytes_min=least,
            # x read again; X W2ᵀ written and read, and again transposed, as the update; the base's product read
            bytes_algorithm=least + e * t * (i + o) + 4 * inner + 4 * a * t * o + 2 * (a * formed + cast + rounded),
            saved_bytes=kept + e * i * o + a * weights,
            forward_peak_bytes=max(summing, turning),
            train_peak_bytes=max(
                summing + kept - (0 if cast else e * t * i),
                turning,
                # going back through W1: y, the gradient of the update and its transpose, X W2ᵀ and its gradient;
                # where dtypes differ, the sum's gradient in the adapter's
                e * t * o + 2 * a * t * o + 2 * inner + (cast + a * t * o if cast else 0),
                # the end: y, both contributions to dx and their sum
                e * t * (o + 3 * i) + cast + a * weights,
            ),
            parameters=i * o + weights,
            trainable_parameters=weights,
        )

    def build(self, case: Case, linear: torch.nn.Linear, generator: torch.Generator) -> torch.nn.Module:
        """Gives the projection with W1 ``[a1, b1]`` and W2 ``[a2, b2]``, or W2a and W2b, beside it."""
        import torch
        from torch import nn

        rank, dtype = case.rank or 1, getattr(torch, case.adapter_dtype or case.dtype)
        a1, a2, b1, b2, factored = self._shape(case)
        scale = case.option("alpha", self.options["alpha"].default) / rank

        def drawn(rows: int, columns: int) -> nn.Parameter:
            bound = 1 / math.sqrt(columns)
            weight = torch.empty(rows, columns, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
            return nn.Parameter(weight.to(linear.weight.device, dtype))

        class LokrLinear(nn.Module):
            w2: torch.Tensor
            w2a: torch.Tensor
            w2b: torch.Tensor

            def __init__(self) -> None:
                super().__init__()
                self.base = linear.requires_grad_(False)
                self.w1 = nn.Parameter(torch.zeros(a1, b1, device=linear.weight.device, dtype=dtype))
                shapes = {"w2a": (a2, rank), "w2b": (rank, b2)} if factored else {"w2": (a2, b2)}
                for name, (rows, columns) in shapes.items():
                    self.register_parameter(name, drawn(rows, columns))

            def perturb(self, generator: torch.Generator) -> None:
                w1 = torch.randn(self.w1.shape, generator=generator, dtype=torch.float64) / math.sqrt(b1)
                with torch.no_grad():
                    self.w1.copy_(w1)

            def second(self) -> torch.Tensor:
                return self.w2a @ self.w2b if factored else self.w2

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                inner = nn.functional.linear(x.to(dtype).reshape(*x.shape[:-1], b1, b2), self.second())
                update = nn.functional.linear(inner.mT, self.w1).mT.flatten(-2)
                return torch.add(self.base(x), update, alpha=scale).to(x.dtype)

            def merged_weight(self) -> torch.Tensor:
                update = scale * torch.kron(self.w1, self.second())
                return (self.base.weight + update).to(self.base.weight.dtype)

        return LokrLinear()

    def _shape(self, case: Case) -> _Shape:
        most = case.option("factor", self.options["factor"].default)
        (a1, a2), (b1, b2) = (_divide(width, most) for width in (case.out_size, case.hidden_size))
        return _Shape(a1, a2, b1, b2, factored=(case.rank or 0) * (a2 + b2) < a2 * b2)


def _divide(width: int, most: float) -> tuple[int, int]:
    """Gives the largest divisor of `width` that is at most `most` and its root, and what is left."""
    first = max(d for d in range(1, math.isqrt(width) + 1) if width % d == 0 and (d <= most or d == 1))
    return first, width // first


OPERATOR = Lokr()
