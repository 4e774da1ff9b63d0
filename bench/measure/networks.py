"""A case with a task -> the network that does it, as it stands before any training.

In: a case, and what of its samples a network must know. Out: a module ``(inputs, mask=None) -> logits``: `Small`, a
transformer with drawn weights, or `Pretrained` with the case's operator in it. All parts of a small network that are
not the operator's own are equal for all operators with the same seed.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from bench.case import Case
from bench.data import models
from bench.data.models._network import Network, masked_mean
from bench.measure import pretrained
from bench.measure.layers import Block, Stack, linear
from bench.measure.placement import draws, self_attention
from bench.measure.pretrained import Pretrained
from bench.measure.tasks._data import Sizes

__all__ = ["Small", "build", "exact"]

_OF_POSITIONS = 0.5
"""Deviation of positions over that of tokens."""


class Small(nn.Module):
    """A transformer to be trained from scratch: tokens, learnt positions, pre-norm blocks, a norm, a head.

    Blocks are those of scope `model`: no biases, norms without weights. What is asked of a sample is read off the
    mean over the tokens that are there, what is asked of a token off its own state. Weights are drawn from
    N(0, 1/fan-in), those of a table of tokens from N(0, 1/d). Positions have half the deviation of what they are
    added to: with that of a table beside continuous tokens a network long knows not where a patch was, with the same
    as theirs a clip of speech is learnt by its places (digits .93 and .97, voices .90 and .88; at half .98 and .93).

    Args:
        case: gives operator, widths, heads, layers, dtype and seed.
        sizes: of the task's samples.
    """

    def __init__(self, case: Case, sizes: Sizes) -> None:
        super().__init__()
        d, entries = case.hidden_size, sizes.vocabulary or sizes.features
        self.by_token, self.takes_ids = sizes.by_token, sizes.vocabulary > 0
        if self.takes_ids:
            table = linear(case, d, entries, draws(case, "tokens")).weight  # a row a token, N(0, 1/d)
            self.tokens: nn.Module = nn.Embedding(entries, d, _weight=table.detach())
        else:
            self.tokens = linear(case, entries, d, draws(case, "tokens"))
        deviation = _OF_POSITIONS * (1 if self.takes_ids else d**0.5)
        positions = linear(case, d, case.seq_len, draws(case, "positions")).weight.detach()
        self.positions = nn.Parameter(positions * deviation)
        self.stack = Stack(_block(case, index) for index in range(case.layers or 1))
        self.head = linear(case, d, sizes.outputs, draws(case, "head"))

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Gives logits ``[b, outputs]``, or ``[b, n, outputs]`` where something is asked of each token.

        Args:
            inputs: ids ``[b, n]``, or ``[b, n, features]``.
            mask: ``[b, n]`` bool, true where a token is there.
        """
        hidden = self.stack(self.tokens(inputs) + self.positions[: inputs.shape[1]], mask)
        hidden = F.layer_norm(hidden, hidden.shape[-1:])
        return cast(torch.Tensor, self.head(hidden if self.by_token else masked_mean(hidden, mask)))


def build(case: Case, sizes: Sizes, head: nn.Linear | None = None) -> Small | Pretrained:
    """Gives the network of a case with its operator in it.

    Args:
        case: with a task.
        sizes: of the task's samples.
        head: of a pretrained network that is asked for classes; absent: one that is drawn, which costs as much.
    """
    if case.model is None:
        return Small(case, sizes).to(case.device)
    network = exact(case, sizes, head)
    pretrained.change(case, network)
    return network


def exact(case: Case, sizes: Sizes, head: nn.Linear | None = None) -> Pretrained:
    """Gives the pretrained network of a case as it was loaded, frozen, without the operator; arguments as `build`."""
    dtype = getattr(torch, case.dtype)
    network = models.load(str(case.model)).load().to(case.device, dtype)
    if sizes.outputs and not sizes.by_token:
        head = head or _drawn_head(case, network, sizes.outputs)
        head = head.to(case.device, dtype).requires_grad_(False)
    return Pretrained(network, head)


def _block(case: Case, index: int) -> Block:
    attention = self_attention(case, draws(case, f"attention {index}"), draws(case, f"operator {index}"))
    return Block(case, attention, draws(case, f"feed-forward {index}"))


def _drawn_head(case: Case, network: Network, outputs: int) -> nn.Linear:
    """Gives a head with weights N(0, 1/f) and a bias of 0; how many features are pooled two tokens tell."""
    hidden = torch.ones(1, 2, case.hidden_size, device=case.device, dtype=getattr(torch, case.dtype))
    features = network.pooled(hidden).shape[-1]
    head = linear(case, features, outputs, draws(case, "head"))
    head.bias = nn.Parameter(torch.zeros(outputs, device=hidden.device, dtype=hidden.dtype))
    return head
