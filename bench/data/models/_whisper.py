"""Whisper: an encoder of log-mel features, whose attentions can be replaced, before the decoder of `_dictation`.

In: features. Out: the encoder's hidden states, or text. Own code, as `_bert` says why.

Axis legend: b batch, n frames after the second convolution (20 ms each), d hidden size.

Source: Radford et al., arXiv 2212.04356, section 2.2. Checkpoints are read under CTranslate2's names. A bias of k,
which the published projections lack, is in them and zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.data.models._attention import SelfAttention
from bench.data.models._dictation import Decoder, Dictation
from bench.data.models._names import own_name
from bench.data.models._network import Transcriber

__all__ = ["Whisper", "own_tensors"]

_OUTSIDE = {
    "encoder.conv1": "conv1",
    "encoder.conv2": "conv2",
    "encoder.position_encodings": "positions",
    "encoder.layer_norm": "norm",
    "decoder.embeddings": "decoder.tokens",
    "decoder.position_encodings": "decoder.positions",
    "decoder.layer_norm": "decoder.norm",
}
_ENCODER = {
    "self_attention.layer_norm": "layers.{}.attention_norm",
    **{f"self_attention.linear_0.{part}": f"attentions.{{}}.{part}" for part in "qkv"},
    "self_attention.linear_1": "attentions.{}.o",
    "ffn.layer_norm": "layers.{}.norm",
    "ffn.linear_0": "layers.{}.up",
    "ffn.linear_1": "layers.{}.down",
}
_DECODER = {
    "self_attention.layer_norm": "decoder.layers.{}.attention_norm",
    **{f"self_attention.linear_0.{part}": f"decoder.layers.{{}}.attention.{part}" for part in "qkv"},
    "self_attention.linear_1": "decoder.layers.{}.attention.o",
    "attention.layer_norm": "decoder.layers.{}.hearing_norm",
    "attention.linear_0": "decoder.layers.{}.hearing.q",
    **{f"attention.linear_1.{part}": f"decoder.layers.{{}}.hearing.{part}" for part in "kv"},
    "attention.linear_2": "decoder.layers.{}.hearing.o",
    "ffn.layer_norm": "decoder.layers.{}.norm",
    "ffn.linear_0": "decoder.layers.{}.up",
    "ffn.linear_1": "decoder.layers.{}.down",
}
_STACKED = {".self_attention.linear_0": "qkv", ".attention.linear_1": "kv"}
_LAST = {"gamma": "weight", "beta": "bias", "encodings": "weight"}
_OUTPUT = "decoder/projection/weight"  # the token table once more


class Whisper(Transcriber):
    """Encoder and decoder; what is pooled is the mean over the encoder's frames.

    Args:
        mels: bands of the features.
        max_seq_len: n, at most.
        hidden_size: d.
        num_heads: heads of an attention.
        ff_size: width of the feed-forward parts.
        layers: how many the encoder has.
        decoder: writes text of the encoder's hidden states.
        dictation: how text is written.
    """

    def __init__(
        self,
        *,
        mels: int,
        max_seq_len: int,
        hidden_size: int,
        num_heads: int,
        ff_size: int,
        layers: int,
        decoder: Decoder,
        dictation: Dictation,
    ) -> None:
        super().__init__()
        self.dictation = dictation
        self.conv1 = nn.Conv1d(mels, hidden_size, 3, padding=1)
        self.conv2 = nn.Conv1d(hidden_size, hidden_size, 3, stride=2, padding=1)
        self.positions = nn.Embedding(max_seq_len, hidden_size)
        self.attentions = nn.ModuleList(SelfAttention(hidden_size, num_heads) for _ in range(layers))
        self.layers = nn.ModuleList(_Layer(hidden_size, ff_size) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden_size)
        self.decoder = decoder

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives the hidden states ``[b, n, d]`` of features ``[b, mels, 2n]``."""
        heard = F.gelu(self.conv2(F.gelu(self.conv1(inputs)))).mT
        x = heard + self.positions.weight[: heard.shape[1]]
        for attention, layer in zip(self.attentions, self.layers, strict=True):
            x = layer(x, attention, mask)
        y: Tensor = self.norm(x)
        return y

    @torch.no_grad()
    def transcribe(self, features: Tensor) -> list[str]:
        """Gives the text of each clip, the likeliest token taken each time; features ``[b, mels, 2n]``."""
        written = self.decoder.greedy(self(features), self.dictation)
        return [self.dictation.text(tokens).strip() for tokens in written]


def own_tensors(variables: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Gives the tensors of a CTranslate2 container under this module's names, in float32.

    There q, k and v of self-attention are stacked in one matrix, as are k and v of what listens; numbers that are
    settings stand among the weights, and the token table a second time as the output projection.
    """
    own = {}
    for name, values in variables.items():
        if values.ndim == 0 or name == _OUTPUT:
            continue
        stem, _, last = name.replace("/", ".").rpartition(".")
        side, inside = ("encoder", _ENCODER) if stem.startswith("encoder.") else ("decoder", _DECODER)
        for part, piece in _unstacked(stem, values):
            plain = f"{part}.{_LAST.get(last, last)}"
            found = own_name(plain, layer=f"{side}.layer_", outside=_OUTSIDE, inside=inside)
            own[found] = torch.tensor(piece, dtype=torch.float32)
    return own


def _unstacked(stem: str, values: NDArray[Any]) -> list[tuple[str, NDArray[Any]]]:
    parts = next((parts for end, parts in _STACKED.items() if stem.endswith(end)), None)
    if parts is None:
        return [(stem, values)]
    pieces = np.split(values, len(parts))
    return [(f"{stem}.{part}", piece) for part, piece in zip(parts, pieces, strict=True)]


class _Layer(nn.Module):
    def __init__(self, hidden_size: int, ff_size: int) -> None:
        super().__init__()
        self.attention_norm, self.norm = nn.LayerNorm(hidden_size), nn.LayerNorm(hidden_size)
        self.up: nn.Module = nn.Linear(hidden_size, ff_size)
        self.down: nn.Module = nn.Linear(ff_size, hidden_size)

    def forward(self, x: Tensor, attention: nn.Module, mask: Tensor | None) -> Tensor:
        x = x + attention(self.attention_norm(x), mask)
        y: Tensor = x + self.down(F.gelu(self.up(self.norm(x))))
        return y
