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


_RIDGE = 1e-9
"""Of the mean of a second moment's diagonal, added to it: tokens may have fewer directions than channels."""


def factored(projection: nn.Linear, rank: int, moment: torch.Tensor | None = None) -> nn.Sequential:
    """Gives the nearest projection of rank r to one ``[out, in]``: A ``[r, in]``, then B ``[out, r]`` and a bias.

    Args:
        projection: W and its bias.
        rank: r.
        moment: ``E x xᵀ [in, in]``, float64: nearest is what changes the products W x least. Absent: W itself.
    """
    weight = projection.weight.detach()
    lower = None if moment is None else _cholesky(moment).to(weight.device)
    whitened = weight.double() if lower is None else weight.double() @ lower
    u, s, vh = torch.linalg.svd(whitened, full_matrices=False)
    root = s[:rank].sqrt()
    down, up = root[:, None] * vh[:rank], u[:, :rank] * root
    if lower is not None:
        down = torch.linalg.solve_triangular(lower, down, upper=False, left=False)
    return nn.Sequential(_linear(down.to(weight.dtype)), _linear(up.to(weight.dtype), projection.bias))


class LatentStep:
    """``x_new [b, 1, d] -> y [b, 1, d]`` against ``A_K x`` and ``A_V x`` of all tokens, each ``[b, n, r]``.

    A bias of keys adds the same to all scores of a query, which softmax does not see; one of values is added to their
    mean.

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
        mixed = _by_group(weights @ values, to_values.mT)
        if layer.v[1].bias is not None:
            shift = layer.v[1].bias.unflatten(0, (-1, layer.head_dim))  # [g, c]
            mixed = mixed + shift.repeat_interleave(mixed.shape[1] // shift.shape[0], dim=0)
        y: torch.Tensor = layer.join(mixed[:, :, None])
        return y


def _by_group(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """``[b, h, i]`` times ``[g, i, j]``, each key head's weight for the samples and query heads that it serves."""
    groups = torch.unflatten(x, 1, (weight.shape[0], -1)).transpose(0, 1)  # [g, b, m, i]
    product = torch.unflatten(torch.bmm(groups.flatten(1, 2), weight), 1, groups.shape[1:3])
    return product.transpose(0, 1).flatten(1, 2)


def _cholesky(moment: torch.Tensor) -> torch.Tensor:
    """Gives L, lower triangular, of ``L Lᵀ = moment`` and a ridge."""
    ridge = _RIDGE * moment.diagonal().mean()
    lower: torch.Tensor = torch.linalg.cholesky(moment + ridge * torch.eye(len(moment), dtype=moment.dtype))
    return lower


def _linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> nn.Linear:
    out_features, in_features = weight.shape
    made = nn.Linear(in_features, out_features, bias=bias is not None, device="meta")
    made.weight = nn.Parameter(weight.contiguous())
    if bias is not None:
        made.bias = nn.Parameter(bias.detach())
    return made
