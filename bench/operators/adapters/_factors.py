"""What the adapters of the LoRA kind share: a frozen projection with two trainable factors beside it.

Imported by the operators' `build` only, for it needs torch. Goes in: the projection W0 ``[out, in]``. Comes out: a
module that holds it as `base`, with `a` ``[r, in]`` and `b` ``[out, r]``; what is done with them is the adapter's.
"""

from __future__ import annotations

import math

import torch
from torch import nn

__all__ = ["LowRankLinear", "ResidualLinear", "SummedLinear", "rescale"]


def rescale(products: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """Gives ``products * scales``, in the place of the products where no gradient will ask for them."""
    return products * scales if torch.is_grad_enabled() else products.mul_(scales)


class LowRankLinear(nn.Module):
    """W0 frozen, A Kaiming-uniform with a = √5 (that is U(±1/√in)), B zero; the update is ``scale · B A``.

    Args:
        linear: the projection W0, without bias; frozen here.
        rank: rows of A, columns of B.
        dtype: of A and B.
        alpha: the update's scale is α/r.
        generator: on the CPU. Draws are made in float64, so that every dtype gets the same ones, rounded.
    """

    def __init__(
        self, linear: nn.Linear, *, rank: int, dtype: torch.dtype, alpha: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.base = linear.requires_grad_(False)
        self.scale = alpha / rank
        bound = 1 / math.sqrt(linear.in_features)
        a = torch.empty(rank, linear.in_features, dtype=torch.float64).uniform_(-bound, bound, generator=generator)
        self.a = nn.Parameter(a.to(linear.weight.device, dtype))
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank, device=linear.weight.device, dtype=dtype))

    def perturb(self, generator: torch.Generator) -> None:
        """Draws B from N(0, 1/r), so that the update is not zero whatever the code does."""
        b = torch.randn(self.b.shape, generator=generator, dtype=torch.float64) / math.sqrt(self.b.shape[1])
        with torch.no_grad():
            self.b.copy_(b)

    def merged_weight(self) -> torch.Tensor:
        """Gives W0 with the update folded in, ``[out, in]`` in W0's dtype; W0 stays as it is."""
        raise NotImplementedError

    def summed(self, x: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Gives ``W0 x + scale · b a x`` in the factors' dtype, never forming ``b a``.

        The update is added into the base's product by the product that makes it: tokens are laid in one dimension
        first, for autograd copies what is changed in place through a view.
        """
        tokens = x.reshape(-1, x.shape[-1])
        inner = nn.functional.linear(tokens.to(a.dtype), a)
        product: torch.Tensor = self.base(tokens).to(a.dtype)
        return product.addmm_(inner, b.T, alpha=self.scale).view(*x.shape[:-1], len(b))


class SummedLinear(LowRankLinear):
    """LoRA's form: ``W0 x + scale · B A x``, the sum rounded to x's dtype once."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.summed(x, self.a, self.b).to(x.dtype)

    def merged_weight(self) -> torch.Tensor:
        update = self.scale * (self.b @ self.a)
        return (self.base.weight + update).to(self.base.weight.dtype)


class ResidualLinear(SummedLinear):
    """A part of W0 in the factors and the rest, ``W0 - scale · B A``, in the base: at step 0 they sum to W0."""

    def move(self, b: torch.Tensor, a: torch.Tensor) -> None:
        """Takes ``b a``, ``[out, r]`` and ``[r, in]``, out of the base and into the factors, half the scale in each.

        The base loses what the factors hold after they were rounded to their dtype, so that only its own rounding
        is left.
        """
        with torch.no_grad():
            self.b.copy_(b / math.sqrt(self.scale))
            self.a.copy_(a / math.sqrt(self.scale))
            held = self.scale * (self.b.to(b.dtype) @ self.a.to(a.dtype))
            self.base.weight.copy_(self.base.weight.to(held.dtype) - held)

    def perturb(self, generator: torch.Generator) -> None:
        """Multiplies B by draws from N(1, 0.1²), so that the sum is no longer W0."""
        factor = 1 + 0.1 * torch.randn(self.b.shape, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            self.b.mul_(factor.to(self.b))
