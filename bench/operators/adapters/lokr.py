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
        "factor": Option(8.0, "Largest height and width of W1.", least=1, whole=True),
    }

    def projection_cost(self, case: Case) -> Cost:
        """Base 2·T·in·out and 2·T·b1·a2·(b2 + a1), where W2 is factored 2·r·a2·b2 too; backward dx and twice that."""
        t, i, o, r = case.tokens, case.hidden_size, case.out_size, case.rank or 0
        e, a, shape = case.element_bytes, self.weight_bytes(case), self._shape(case)
        a1, a2, b1, b2, factored = shape
        base, weights = full.OPERATOR.projection_cost(case).forward_flops, shape.weights(r)
        formed = a2 * b2 if factored else 0
        extra, inner = 2 * t * b1 * a2 * (b2 + a1) + 2 * r * formed, a * t * b1 * a2
        # where dtypes differ: the copy of x in the adapter's, the base's product in it, and the sum rounded back
        cast, widened, rounded = (a * t * i, a * t * o, e * t * o) if self.casts(case) else (0, 0, 0)
        y, update, turned = e * t * o, a * t * o, a * t * a1 * b1  # turned: the gradient of W1 before its sum
        least = e * (t * (i + o) + i * o) + a * weights
        return Cost(
            forward_flops=base + extra,
            backward_flops=base + 2 * extra,
            bytes_min=least,
            # x read again; X W2ᵀ written and read; y read and written for the sum
            bytes_algorithm=least + e * t * i + 2 * (inner + y + a * formed + cast + widened + rounded),
            saved_bytes=(cast or e * t * i) + inner + a * formed + e * i * o + a * weights,
            forward_peak_bytes=update + inner + max(cast + a * formed, rounded),
            train_peak_bytes=max(
                # going back through W1: y, its gradient in the adapter's dtype, X W2ᵀ and its gradient
                y + widened + cast + 2 * inner + turned + a * formed,
                # the end: y, both contributions to dx, of which one becomes their sum
                y + (e + a) * t * i + cast + inner + turned + a * (formed + weights),
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
                self.scale = case.option("alpha", OPERATOR.options["alpha"].default) / rank
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
                tokens = x.reshape(-1, x.shape[-1])
                # the base's product first: the backward pass then ends with it, when X W2ᵀ and its gradient are gone
                product = self.base(tokens).to(dtype).view(-1, a1, a2)
                inner = nn.functional.linear(tokens.to(dtype).reshape(-1, b2), self.second()).view(-1, b1, a2)
                w1 = (self.scale * self.w1).expand(len(tokens), -1, -1)
                # in the place of the product but where autograd would copy it back through the view
                place = None if torch.is_grad_enabled() else product
                summed = torch.baddbmm(product, w1, inner, out=place)
                return summed.to(x.dtype).view(*x.shape[:-1], a1 * a2)

            def merged_weight(self) -> torch.Tensor:
                update = self.scale * torch.kron(self.w1, self.second())
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
