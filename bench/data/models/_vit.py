"""A vision transformer as DINOv2 has it: patches, a CLS token, learnt positions, pre-norm layers with layer scale.

In: normalised images. Out: hidden states, CLS first and then the patches row by row. Own code, as `_bert` says why.

Axis legend: b batch, n tokens = 1 + m², m patches a side, d hidden size.

Source: Dosovitskiy et al., arXiv 2010.11929, section 3.1; layer scale is Touvron et al.'s, arXiv 2103.17239,
equation 4; positions at other sizes as in Oquab et al., arXiv 2304.07193 (DINOv2): bicubic, half-pixel centres,
a = -0.75. Checkpoints are read under the names of transformers 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.data.models._attention import SelfAttention
from bench.data.models._names import own_name
from bench.data.models._network import Network

__all__ = ["VisionTransformer"]

_EPS = 1e-6

_OUTSIDE = {"embeddings.patch_embeddings.projection": "patches", "layernorm": "norm"}
_INSIDE = {
    "norm1": "layers.{}.attention_norm",
    "attention.attention.query": "attentions.{}.q",
    "attention.attention.key": "attentions.{}.k",
    "attention.attention.value": "attentions.{}.v",
    "attention.output.dense": "attentions.{}.o",
    "layer_scale1": "layers.{}.attention_scale",
    "norm2": "layers.{}.norm",
    "mlp.fc1": "layers.{}.up",
    "mlp.fc2": "layers.{}.down",
    "layer_scale2": "layers.{}.scale",
}


class VisionTransformer(Network):
    """An encoder of square images; what is pooled is CLS and the mean of the patches, 2d features.

    Args:
        patch: side of a patch in pixels.
        grid: patches a side at which positions were learnt.
        hidden_size: d.
        num_heads: heads of an attention.
        ff_size: width of the feed-forward part.
        layers: how many.
    """

    def __init__(self, *, patch: int, grid: int, hidden_size: int, num_heads: int, ff_size: int, layers: int) -> None:
        super().__init__()
        self.grid = grid
        self.patches = nn.Conv2d(3, hidden_size, patch, patch)
        self.cls = nn.Parameter(torch.zeros(hidden_size))
        self.positions = nn.Parameter(torch.zeros(1 + grid * grid, hidden_size))
        self.attentions = nn.ModuleList(SelfAttention(hidden_size, num_heads) for _ in range(layers))
        self.layers = nn.ModuleList(_Layer(hidden_size, ff_size) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden_size, _EPS)

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives the hidden states ``[b, 1 + m², d]`` of images ``[b, 3, m·patch, m·patch]``."""
        patches = self.patches(inputs)
        cls = self.cls.expand(len(inputs), 1, -1)
        x = torch.cat((cls, patches.flatten(2).mT), dim=1) + self._positions(patches.shape[-1])
        for attention, layer in zip(self.attentions, self.layers, strict=True):
            x = layer(x, attention, mask)
        y: Tensor = self.norm(x)
        return y

    def pooled(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives CLS and the mean of the patches, ``[b, 2d]``; an image fills its patches, so there is no mask."""
        return torch.cat((hidden[:, 0], hidden[:, 1:].mean(1)), dim=-1)

    def load_checkpoint(self, tensors: Mapping[str, Tensor], *, cls: Tensor, positions: Tensor) -> None:
        """Takes the weights of a checkpoint.

        Args:
            tensors: all but the following two, by transformers' names.
            cls: the CLS token, of d elements.
            positions: of CLS and then of the patches, ``[1 + grid², d]``.

        Raises:
            RuntimeError: a tensor is missing, unknown, or of another shape.
        """
        kept = {"cls": cls.flatten(), "positions": positions}
        for name, tensor in tensors.items():
            plain = name.replace(".lambda1", ".weight")  # of a layer scale
            kept[own_name(plain, layer="encoder.layer.", outside=_OUTSIDE, inside=_INSIDE)] = tensor
        self.load_state_dict(kept, assign=True)

    def _positions(self, side: int) -> Tensor:
        """Gives the positions of CLS and of side × side patches, ``[1 + side², d]``."""
        if side == self.grid:
            return self.positions
        learnt = torch.unflatten(self.positions[1:].T, 1, (self.grid, self.grid))[None]
        resized = F.interpolate(learnt, (side, side), mode="bicubic", align_corners=False)
        return torch.cat((self.positions[:1], resized[0].flatten(1).T))


class _Layer(nn.Module):
    def __init__(self, hidden_size: int, ff_size: int) -> None:
        super().__init__()
        self.attention_norm, self.attention_scale = nn.LayerNorm(hidden_size, _EPS), _Scale(hidden_size)
        self.norm, self.scale = nn.LayerNorm(hidden_size, _EPS), _Scale(hidden_size)
        self.up: nn.Module = nn.Linear(hidden_size, ff_size)
        self.down: nn.Module = nn.Linear(ff_size, hidden_size)

    def forward(self, x: Tensor, attention: nn.Module, mask: Tensor | None) -> Tensor:
        x = x + self.attention_scale(attention(self.attention_norm(x), mask))
        y: Tensor = x + self.scale(self.down(F.gelu(self.up(self.norm(x)))))
        return y


class _Scale(nn.Module):
    """``x ⊙ weight``, channel by channel."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight
