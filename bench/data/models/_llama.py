"""A Llama decoder as SmolLM2 needs it: pre-norm layers, grouped queries, rotary positions, tied embeddings.

In: token ids. Out: hidden states and the scores of the next token. Own code, as `_bert` says why.

Axis legend: b batch, n tokens, d hidden size, h query heads, g key and value heads, c head_dim.

Source: Touvron et al., arXiv 2302.13971, section 2.2 (RMSNorm, SwiGLU, rotary positions); grouped queries are Ainslie
et al.'s, arXiv 2305.13245. Checkpoints are read under the names of GGUF files.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.data.models._attention import Rotary, SelfAttention
from bench.data.models._names import own_name
from bench.data.models._network import LanguageModel

__all__ = ["Llama", "own_tensors"]

_EPS = 1e-5

_OUTSIDE = {"token_embd": "tokens", "output_norm": "norm"}
_INSIDE = {
    "attn_norm": "layers.{}.attention_norm",
    "attn_q": "attentions.{}.q",
    "attn_k": "attentions.{}.k",
    "attn_v": "attentions.{}.v",
    "attn_output": "attentions.{}.o",
    "ffn_norm": "layers.{}.norm",
    "ffn_gate": "layers.{}.gate",
    "ffn_up": "layers.{}.up",
    "ffn_down": "layers.{}.down",
}


class Llama(LanguageModel):
    """A causal decoder; what is pooled is the hidden state of the last token that is there.

    Args:
        vocabulary: entries of the token table.
        max_seq_len: positions.
        hidden_size: d.
        num_heads: h.
        num_kv_heads: g.
        ff_size: width of the feed-forward part.
        layers: how many.
        theta: the base of the rotary angles.
    """

    def __init__(
        self,
        *,
        vocabulary: int,
        max_seq_len: int,
        hidden_size: int,
        num_heads: int,
        num_kv_heads: int,
        ff_size: int,
        layers: int,
        theta: float,
    ) -> None:
        super().__init__()
        rotary = Rotary(hidden_size // num_heads, max_seq_len, theta)  # one table for all layers
        self.tokens = nn.Embedding(vocabulary, hidden_size)
        self.attentions = nn.ModuleList(
            SelfAttention(hidden_size, num_heads, num_kv_heads=num_kv_heads, bias=False, causal=True, rotary=rotary)
            for _ in range(layers)
        )
        self.layers = nn.ModuleList(_Layer(hidden_size, ff_size) for _ in range(layers))
        self.norm = nn.RMSNorm(hidden_size, _EPS)

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives the hidden states ``[b, n, d]`` of token ids ``[b, n]``, the first of them at position 0."""
        x = self.tokens(inputs)
        for attention, layer in zip(self.attentions, self.layers, strict=True):
            x = layer(x, attention, mask)
        y: Tensor = self.norm(x)
        return y

    def pooled(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives the hidden state of each sample's last token, ``[b, d]``: the only one that has seen all others."""
        if mask is None:
            return hidden[:, -1]
        positions = torch.arange(mask.shape[1], device=mask.device)
        last = (mask * positions).argmax(1)
        return hidden[torch.arange(len(hidden), device=hidden.device), last]

    def logits(self, hidden: Tensor) -> Tensor:
        """Gives the scores of each next token, ``[b, n, vocabulary]``: products with the token table itself."""
        return F.linear(hidden, self.tokens.weight)


def own_tensors(tensors: Mapping[str, Tensor], *, num_heads: int, num_kv_heads: int) -> dict[str, Tensor]:
    """Gives the tensors of a GGUF file under this module's names and with its order of channels.

    Such files have the rows of q and k laid out for rotary pairs of neighbours (2i, 2i + 1); `Rotary` pairs i and
    i + c/2, as transformers does, whose order is so restored.

    Args:
        tensors: by the file's names, float32.
        num_heads: query heads.
        num_kv_heads: key heads.
    """
    restored = dict(tensors)
    for name, weight in tensors.items():
        heads = num_heads if name.endswith(".attn_q.weight") else num_kv_heads
        if name.endswith((".attn_q.weight", ".attn_k.weight")):
            restored[name] = torch.unflatten(weight, 0, (heads, -1, 2)).transpose(1, 2).flatten(0, 2).contiguous()
    return {own_name(name, layer="blk.", outside=_OUTSIDE, inside=_INSIDE): each for name, each in restored.items()}


class _Layer(nn.Module):
    def __init__(self, hidden_size: int, ff_size: int) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(hidden_size, _EPS)
        self.norm = nn.RMSNorm(hidden_size, _EPS)
        self.gate: nn.Module = nn.Linear(hidden_size, ff_size, bias=False)
        self.up: nn.Module = nn.Linear(hidden_size, ff_size, bias=False)
        self.down: nn.Module = nn.Linear(ff_size, hidden_size, bias=False)

    def forward(self, x: Tensor, attention: nn.Module, mask: Tensor | None) -> Tensor:
        x = x + attention(self.attention_norm(x), mask)
        normed = self.norm(x)
        y: Tensor = x + self.down(F.silu(self.gate(normed)) * self.up(normed))
        return y
