"""Weights as a product of two, and a step of `decode` that caches what is between them.

Axis legend: b batch, n tokens, h query heads, g key heads, m = h/g, c head_dim, r rank. Imported by `build_layer`
only, for it needs torch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["LatentStep", "factored"]


def factored(weight: torch.Tensor, rank: int) -> nn.Sequential:
    """Gives the projection of rank r nearest to a weight ``[out, in]``: A ``[r, in]``, then B ``[out, r]``."""
    u, s, vh = torch.linalg.svd(weight.detach().double(), full_matrices=False)
    root = s[:rank].sqrt()
    factors = root[:, None] * vh[:rank], u[:, :rank] * root
    return nn.Sequential(*(_linear(factor.to(weight.dtype)) for factor in factors))


class LatentStep:
    """``x_new [b, 1, d] -> y [b, 1, d]`` against ``A_K x`` and ``A_V x`` of all tokens, each ``[b, n, r]``.

    Args:
        layer: a self-attention whose k and v are `factored`.
        x: ``[b, n - 1, d]``, of the tokens before.
        scale: of the scores.
    """

    def __init__(self, layer: Any, x: torch.Tensor, *, scale: float) -> None:
        self.layer, self.scale = layer, scale
        self.cache = tuple(F.pad(projection[0](x), (0, 0, 0, 1)) for projection in (layer.k, layer.v))

    def __call__(self, token: torch.Tensor) -> torch.Tensor:
        layer, (keys, values) = self.layer, self.cache
        keys[:, -1:], values[:, -1:] = layer.k[0](token), layer.v[0](token)
        to_keys, to_values = (
            projection[1].weight.unflatten(0, (-1, layer.head_dim)) for projection in (layer.k, layer.v)
        )
        q = layer.heads(layer.q(token)).squeeze(2) * self.scale  # [b, h, c]
        weights = (_by_group(q, to_keys) @ keys.mT).softmax(dim=-1)
        y: torch.Tensor = layer.join(_by_group(weights @ values, to_values.mT)[:, :, None])
        return y


def _by_group(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """``[b, h, i]`` times ``[g, i, j]``, each key head's weight for the samples and query heads that it serves."""
    groups = torch.unflatten(x, 1, (weight.shape[0], -1)).transpose(0, 1)  # [g, b, m, i]
    product = torch.unflatten(torch.bmm(groups.flatten(1, 2), weight), 1, groups.shape[1:3])
    return product.transpose(0, 1).flatten(1, 2)


def _linear(weight: torch.Tensor) -> nn.Linear:
    out_features, in_features = weight.shape
    made = nn.Linear(in_features, out_features, bias=False, device="meta")
    made.weight = nn.Parameter(weight.contiguous())
    return made
