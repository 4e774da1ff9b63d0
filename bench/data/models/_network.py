"""What every pretrained network is to those who swap its attentions, adapt its projections or put a head on it.

In: what a member's ``encode`` gives. Out: hidden states, and from these what a head reads. Attentions lie apart from
the layers around them, so that one assignment ``network.attentions[i] = other`` replaces one.

Axis legend: b batch, n tokens, d hidden size, f features of a sample.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LanguageModel", "Network", "Transcriber", "masked_mean", "padded"]


class Network(nn.Module):
    """A stack of self-attentions and of what stands around them."""

    attentions: nn.ModuleList
    """One a layer, first layer first: `bench.data.models._attention.SelfAttention`, or ``(x, mask=None) -> y``."""
    layers: nn.ModuleList
    """What stands around each attention; each has the projections `up` and `down` of its feed-forward part."""

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives the hidden states ``[b, n, d]`` after the last norm.

        Args:
            inputs: as ``encode`` gives them: token ids ``[b, n]``, images ``[b, 3, px, px]`` or log-mel features
                ``[b, 80, 2n]``.
            mask: ``[b, n]`` bool, true where a token is there.
        """
        raise NotImplementedError

    def pooled(self, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives what a head reads of a sample, ``[b, f]``; unless a network says otherwise, the mean over tokens."""
        return masked_mean(hidden, mask)


class LanguageModel(Network):
    """A causal one that says what comes next."""

    def logits(self, hidden: Tensor) -> Tensor:
        """Gives of hidden states ``[b, n, d]`` the scores of each next token, ``[b, n, vocabulary]``."""
        raise NotImplementedError


class Transcriber(Network):
    """An encoder, whose attentions are `attentions`, with a decoder that writes what it hears."""

    def transcribe(self, features: Tensor) -> list[str]:
        """Gives the text of each clip; features ``[b, 80, 2n]``."""
        raise NotImplementedError


def masked_mean(hidden: Tensor, mask: Tensor | None) -> Tensor:
    """Gives the mean over the tokens that are there, ``[b, n, d] -> [b, d]``."""
    if mask is None:
        return hidden.mean(1)
    kept = mask[..., None].to(hidden.dtype)
    return (hidden * kept).sum(1) / kept.sum(1)


def padded(ids: list[list[int]], seq_len: int) -> tuple[Tensor, Tensor]:
    """Gives token ids ``[b, seq_len]`` int64, zeros after the last, and the mask of those that are there."""
    inputs = torch.zeros(len(ids), seq_len, dtype=torch.int64)
    mask = torch.zeros(len(ids), seq_len, dtype=torch.bool)
    for row, tokens in enumerate(ids):
        inputs[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = True
    return inputs, mask
