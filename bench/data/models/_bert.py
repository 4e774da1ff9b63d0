"""A BERT encoder as MiniLM needs it, and as little of it: post-norm layers whose q, k and v can be looked at.

In: token ids of one text. Out: its hidden states, or what each attention is given. Own code, so that no
other library's choice of kernel, mask or version stands between the weights and the tensors that are captured.

Axis legend: b batch, n tokens, d hidden size, h heads, c head_dim = d / h.

Source: Devlin et al., arXiv 1810.04805, section 3, which takes the layer of Vaswani et al., arXiv 1706.03762,
section 3.1; GELU is the exact one (erf), LayerNorm's eps is 1e-12, as in the published configuration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["AttentionInput", "Bert"]

_EPS = 1e-12

# Names in the checkpoint and here: of what stands before the layers, and of the parts of a layer.
_EMBEDDINGS = {
    "embeddings.word_embeddings": "tokens",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "segments",
    "embeddings.LayerNorm": "norm",
}
_PARTS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm",
}
_UNUSED = ("pooler.", "embeddings.position_ids")


@dataclasses.dataclass(frozen=True, slots=True)
class AttentionInput:
    """What the attention of one layer is given."""

    x: Tensor
    """The layer's input, ``[b, n, d]``: what its q, k and v projections read."""
    q: Tensor
    """Queries, ``[b, h, n, c]``, before they are scaled by c^-½."""
    k: Tensor
    """Keys, ``[b, h, n, c]``."""
    v: Tensor
    """Values, ``[b, h, n, c]``."""


class Bert(nn.Module):
    """An encoder of `layers` post-norm layers over learnt positions.

    Args:
        vocabulary: entries of the token table.
        max_seq_len: entries of the position table.
        hidden_size: d.
        num_heads: h.
        ff_size: width of the feed-forward part.
        layers: how many.
    """

    def __init__(
        self, *, vocabulary: int, max_seq_len: int, hidden_size: int, num_heads: int, ff_size: int, layers: int
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, hidden_size)
        self.positions = nn.Embedding(max_seq_len, hidden_size)
        self.segments = nn.Embedding(2, hidden_size)
        self.norm = nn.LayerNorm(hidden_size, _EPS)
        self.layers = nn.ModuleList(_Layer(hidden_size, num_heads, ff_size) for _ in range(layers))

    def forward(self, ids: Tensor) -> Tensor:
        """Gives the hidden states ``[b, n, d]`` of token ids ``[b, n]``, all of one segment and without padding."""
        x = self._embed(ids)
        for layer in self.layers:
            x = layer(x)
        return x

    def attention_inputs(self, ids: Tensor) -> list[AttentionInput]:
        """Gives what each layer's attention is given on token ids ``[b, n]``, first layer first."""
        x = self._embed(ids)
        seen = []
        for layer in self.layers:
            assert isinstance(layer, _Layer)
            seen.append(AttentionInput(x, *layer.project(x)))
            x = layer(x)
        return seen

    def load_checkpoint(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes the weights of a published BERT checkpoint; the pooler, which nothing here uses, is left.

        Raises:
            RuntimeError: a tensor is missing, unknown, or of another shape.
        """
        kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_UNUSED)}
        self.load_state_dict({_own_name(name): tensor for name, tensor in kept.items()})

    def _embed(self, ids: Tensor) -> Tensor:
        positions = torch.arange(ids.shape[1], device=ids.device)
        x: Tensor = self.norm(self.tokens(ids) + self.positions(positions) + self.segments.weight[0])
        return x


class _Layer(nn.Module):
    def __init__(self, hidden_size: int, num_heads: int, ff_size: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query, self.key, self.value, self.out = (nn.Linear(hidden_size, hidden_size) for _ in range(4))
        self.attention_norm = nn.LayerNorm(hidden_size, _EPS)
        self.up, self.down = nn.Linear(hidden_size, ff_size), nn.Linear(ff_size, hidden_size)
        self.norm = nn.LayerNorm(hidden_size, _EPS)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (
            projection(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for projection in (self.query, self.key, self.value)
        )
        return q, k, v

    def forward(self, x: Tensor) -> Tensor:
        heads = F.scaled_dot_product_attention(*self.project(x))
        x = self.attention_norm(x + self.out(heads.transpose(1, 2).flatten(2)))
        y: Tensor = self.norm(x + self.down(F.gelu(self.up(x))))
        return y


def _own_name(name: str) -> str:
    """Gives a checkpoint's name as it is here: ``encoder.layer.0.output.dense.bias`` -> ``layers.0.down.bias``."""
    stem, _, last = name.rpartition(".")
    if stem in _EMBEDDINGS:
        return f"{_EMBEDDINGS[stem]}.{last}"
    index, _, part = stem.removeprefix("encoder.layer.").partition(".")
    return f"layers.{index}.{_PARTS.get(part, part)}.{last}"
