"""A BERT encoder as MiniLM needs it, and as little of it: post-norm layers around attentions that can be replaced.

In: token ids and which of them are there. Out: hidden states. Own code, so that no other library's choice of kernel,
mask or version stands between the weights and what is measured.

Axis legend: b batch, n tokens, d hidden size.

Source: Devlin et al., arXiv 1810.04805, section 3, which takes the layer of Vaswani et al., arXiv 1706.03762,
section 3.1; GELU is the exact one (erf), LayerNorm's eps is 1e-12, as in the published configuration.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.data.models._attention import SelfAttention
from bench.data.models._names import own_name
from bench.data.models._network import Network, masked_mean

__all__ = ["Bert"]

_EPS = 1e-12

_OUTSIDE = {
    "embeddings.word_embeddings": "tokens",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "segments",
    "embeddings.LayerNorm": "norm",
}
_INSIDE = {
    "attention.self.query": "attentions.{}.q",
    "attention.self.key": "attentions.{}.k",
    "attention.self.value": "attentions.{}.v",
    "attention.output.dense": "attentions.{}.o",
    "attention.output.LayerNorm": "layers.{}.attention_norm",
    "intermediate.dense": "layers.{}.up",
    "output.dense": "layers.{}.down",
    "output.LayerNorm": "layers.{}.norm",
}
_UNUSED = ("pooler.", "embeddings.position_ids")


class Bert(Network):
    """An encoder of post-norm layers over learnt positions; what is pooled is a sentence embedding of length 1.

    Args:
        vocabulary: entries of the token table.
        max_seq_len: entries of the position table.
        hidden_size: d.
        num_heads: heads of an attention.
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
        self.attentions = nn.ModuleList(SelfAttention(hidden_size, num_heads) for _ in range(layers))
        self.layers = nn.ModuleList(_Layer(hidden_size, ff_size) for _ in range(layers))

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives the hidden states ``[b, n, d]`` of token ids ``[b, n]``, all of one segment."""
        positions = torch.arange(inputs.shape[1], device=inputs.device)
        x: Tensor = self.norm(self.tokens(inputs) + self.positions(positions) + self.segments.weight[0])
        for attention, layer in zip(self.attentions, self.layers, strict=True):
            x = layer(x, attention(x, mask))
        return x

    def pooled(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives the mean over the tokens that are there, divided by its norm, ``[b, d]``."""
        return F.normalize(masked_mean(hidden, mask), dim=-1)

    def load_checkpoint(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes the weights of a published BERT checkpoint; the pooler, which nothing here uses, is left.

        Raises:
            RuntimeError: a tensor is missing, unknown, or of another shape.
        """
        kept = {
            own_name(name, layer="encoder.layer.", outside=_OUTSIDE, inside=_INSIDE): tensor
            for name, tensor in tensors.items()
            if not name.startswith(_UNUSED)
        }
        self.load_state_dict(kept, assign=True)


class _Layer(nn.Module):
    def __init__(self, hidden_size: int, ff_size: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(hidden_size, _EPS)
        self.up: nn.Module = nn.Linear(hidden_size, ff_size)
        self.down: nn.Module = nn.Linear(ff_size, hidden_size)
        self.norm = nn.LayerNorm(hidden_size, _EPS)

    def forward(self, x: Tensor, attended: Tensor) -> Tensor:
        x = self.attention_norm(x + attended)
        y: Tensor = self.norm(x + self.down(F.gelu(self.up(x))))
        return y
