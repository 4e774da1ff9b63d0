"""Whisper's decoder, which writes what an encoder hears, one token at a time, the likeliest each time.

In: the encoder's hidden states. Out: tokens. Keys and values of what it hears and of what it has written are kept
from step to step. Its attentions stay as they are: those that operators replace are the encoder's.

Axis legend: b batch, n encoded frames, t tokens, d hidden size, h heads, c head_dim.

Source: Radford et al., arXiv 2212.04356, sections 2.2 and 2.3; limits are those of openai/whisper's decoding.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.data.models._attention import SelfAttention, exact

__all__ = ["Cache", "Decoder", "Dictation"]


@dataclasses.dataclass(frozen=True, slots=True)
class Dictation:
    """What a decoder begins with, what it may write, and how that is read."""

    prompt: tuple[int, ...]
    """The tokens that a text begins with."""
    end: int
    """The token that ends it."""
    never: tuple[int, ...]
    """Tokens that are not chosen."""
    never_first: tuple[int, ...]
    """Tokens that are not chosen as the first."""
    text: Callable[[list[int]], str]
    """Gives what tokens say."""


@dataclasses.dataclass(slots=True)
class Cache:
    """Keys and values that one layer keeps."""

    heard: tuple[Tensor, Tensor]
    """Of the frames, ``[b, h, n, c]`` each."""
    written: tuple[Tensor, Tensor] | None = None
    """Of the tokens so far, ``[b, h, t, c]`` each."""

    @property
    def tokens(self) -> int:
        """How many are written."""
        return 0 if self.written is None else self.written[0].shape[-2]

    def write(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Adds tokens and gives the keys and values of all."""
        if self.written is not None:
            k, v = torch.cat((self.written[0], k), -2), torch.cat((self.written[1], v), -2)
        self.written = k, v
        return k, v


class Decoder(nn.Module):
    """Tokens in, scores of the next token out, while listening.

    Args:
        vocabulary: entries of the token table, which is also the output projection.
        max_tokens: positions.
        hidden_size: d.
        num_heads: h.
        ff_size: width of the feed-forward part.
        layers: how many.
    """

    def __init__(
        self, *, vocabulary: int, max_tokens: int, hidden_size: int, num_heads: int, ff_size: int, layers: int
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, hidden_size)
        self.positions = nn.Embedding(max_tokens, hidden_size)
        self.layers = nn.ModuleList(_Layer(hidden_size, num_heads, ff_size) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden_size)

    def forward(self, ids: Tensor, caches: list[Cache]) -> Tensor:
        """Gives the scores ``[b, t, vocabulary]`` of what follows each of the ids ``[b, t]``.

        Args:
            ids: what comes next; several tokens at once only where nothing is written yet.
            caches: from `listen`; the tokens are added to them.
        """
        begin = caches[0].tokens
        x = self.tokens(ids) + self.positions.weight[begin : begin + ids.shape[1]]
        for layer, cache in zip(self.layers, caches, strict=True):
            x = layer(x, cache)
        return F.linear(self.norm(x), self.tokens.weight)

    def listen(self, hidden: Tensor) -> list[Cache]:
        """Gives what each layer keeps of hidden states ``[b, n, d]``."""
        return [cast(_Layer, layer).listen(hidden) for layer in self.layers]

    def greedy(self, hidden: Tensor, dictation: Dictation) -> list[list[int]]:
        """Gives the tokens of each sample, without prompt and end, at most half as many as there are positions.

        The other half is for the text of the clip before, of which there is none here.
        """
        caches = self.listen(hidden)
        ids = torch.tensor(dictation.prompt, device=hidden.device).expand(len(hidden), -1)
        ended = torch.zeros(len(hidden), dtype=torch.bool, device=hidden.device)
        never, never_first = (
            torch.tensor(tokens, dtype=torch.int64, device=hidden.device)
            for tokens in (dictation.never, (*dictation.never, *dictation.never_first))
        )
        chosen: list[Tensor] = []
        for step in range(self.positions.num_embeddings // 2):
            scores = self(ids, caches)[:, -1]
            scores[:, never if step else never_first] = -torch.inf
            following = scores.argmax(-1).masked_fill(ended, dictation.end)
            ended = ended | (following == dictation.end)
            if ended.all():
                break
            chosen.append(following)
            ids = following[:, None]
        rows: list[list[int]] = torch.stack(chosen, 1).tolist() if chosen else [[]] * len(hidden)
        return [row[: row.index(dictation.end)] if dictation.end in row else row for row in rows]


class _Layer(nn.Module):
    """Attention to what is written, then to what is heard, then the feed-forward part."""

    def __init__(self, hidden_size: int, num_heads: int, ff_size: int) -> None:
        super().__init__()
        self.attention, self.hearing = (SelfAttention(hidden_size, num_heads) for _ in range(2))
        self.attention_norm, self.hearing_norm, self.norm = (nn.LayerNorm(hidden_size) for _ in range(3))
        self.up, self.down = nn.Linear(hidden_size, ff_size), nn.Linear(ff_size, hidden_size)

    def listen(self, hidden: Tensor) -> Cache:
        hearing = self.hearing
        return Cache((hearing.heads(hearing.k(hidden)), hearing.heads(hearing.v(hidden))))

    def forward(self, x: Tensor, cache: Cache) -> Tensor:
        first = cache.tokens == 0
        q, k, v = self.attention.project(self.attention_norm(x))
        x = x + self.attention.join(exact(q, *cache.write(k, v), causal=first))
        q = self.hearing.heads(self.hearing.q(self.hearing_norm(x)))
        x = x + self.hearing.join(exact(q, *cache.heard))
        y: Tensor = x + self.down(F.gelu(self.up(self.norm(x))))
        return y
