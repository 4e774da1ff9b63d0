"""The self-attention of every pretrained network: projections q, k, v and o around an ``attend`` to be replaced.

In: hidden states and a key mask. Out: hidden states of the same shape. The same parts under the same names as
`bench.measure.layers.SelfAttention`, so that an operator builds itself into either; here projections may have biases,
and a rotary network rotates q and k between projection and attend, which an operator thus need not know of.

Axis legend: b batch, n tokens, d hidden size, h query heads, g key and value heads, c head_dim = d / h.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.data.models._network import Network

__all__ = ["AttentionInput", "Rotary", "SelfAttention", "attention_inputs", "exact"]


class SelfAttention(nn.Module):
    """``x [b, n, d] -> y [b, n, d]``.

    Args:
        hidden_size: d.
        num_heads: h.
        num_kv_heads: g; absent: h.
        bias: whether the projections have biases.
        causal: whether a token sees only itself and those before it.
        rotary: rotates q and k by position.
    """

    attend: Callable[..., Tensor]
    """``(q, k, v, mask=None) -> o``; exact until an operator is put in."""
    second_moment: Tensor
    """``E x xᵀ [d, d]``, float64, of what it reads; there for an operator that `reads_samples`."""

    def __init__(
        self,
        hidden_size: int,
        num_heads: int,
        *,
        num_kv_heads: int | None = None,
        bias: bool = True,
        causal: bool = False,
        rotary: Rotary | None = None,
    ) -> None:
        super().__init__()
        self.head_dim = hidden_size // num_heads
        kv_size = (num_kv_heads or num_heads) * self.head_dim
        self.q: nn.Module = nn.Linear(hidden_size, hidden_size, bias)  # any of them may become an adapter of itself
        self.k: nn.Module = nn.Linear(hidden_size, kv_size, bias)
        self.v: nn.Module = nn.Linear(hidden_size, kv_size, bias)
        self.o: nn.Module = nn.Linear(hidden_size, hidden_size, bias)
        self.rotary = rotary
        self.attend = functools.partial(exact, causal=causal)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gives y; ``mask [b, n]`` is true where a key is there."""
        # not by names: what attend does not keep of q, k and v is let go of before its output is copied and projected
        return self.join(self.attend(*self.project(x), mask))

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gives q ``[b, h, n, c]``, k and v ``[b, g, n, c]`` as attend is given them."""
        q, k, v = self.heads(self.q(x)), self.heads(self.k(x)), self.heads(self.v(x))
        return (q, k, v) if self.rotary is None else (self.rotary(q), self.rotary(k), v)

    def heads(self, projected: Tensor) -> Tensor:
        """Gives ``[b, n, h·c]`` as ``[b, h, n, c]``."""
        return torch.unflatten(projected, -1, (-1, self.head_dim)).transpose(1, 2)

    def join(self, output: Tensor) -> Tensor:
        """Gives y of the heads' outputs ``[b, h, n, c]``."""
        output = output.transpose(1, 2).flatten(2)  # rebound: the heads, laid out apart, are let go of
        return cast(Tensor, self.o(output))


class Rotary(nn.Module):
    """Rotates the channels i and i + c/2 of a token at position p by the angle ``p·theta^(-2i/c)``.

    Args:
        head_dim: c.
        max_seq_len: positions.
        theta: the base of the angles.

    Source: Su et al., arXiv 2104.09864, equation 34, which pairs neighbours 2i and 2i + 1: the same function of q·k,
    its channels in another order. Angles are taken in float64, where transformers takes them in float32 and is off by
    up to 6e-8·p; sines and cosines are kept in float32 and follow the network's dtype.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_dim: int, max_seq_len: int, theta: float) -> None:
        super().__init__()
        # on the CPU even where the network is first made without storage: no checkpoint holds these
        exponents = torch.arange(0, head_dim, 2, dtype=torch.float64, device="cpu") / head_dim
        angles = torch.outer(torch.arange(max_seq_len, dtype=torch.float64, device="cpu"), theta**-exponents)
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Gives ``[b, h, n, c]`` rotated; the tokens stand at the positions 0 to n - 1."""
        n = x.shape[-2]
        cos, sin = self.cos[:n], self.sin[:n]
        first, second = x.chunk(2, dim=-1)
        return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def exact(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, *, causal: bool = False) -> Tensor:
    """Gives ``softmax(q kᵀ / √c) v`` by torch's fused call, ``[b, h, n, c]``.

    Args:
        q: ``[b, h, n, c]``.
        k: ``[b, g, n, c]``.
        v: ``[b, g, n, c]``.
        mask: ``[b, n]`` bool, true where the key is there.
        causal: whether query i sees only the keys ``j <= i``.
    """
    seen = None if mask is None else mask[:, None, None, :]
    if causal and seen is not None:  # torch takes one or the other
        n = q.shape[-2]
        seen = seen & torch.ones(n, n, dtype=torch.bool, device=q.device).tril_()
    alone = causal and seen is None
    return F.scaled_dot_product_attention(q, k, v, seen, is_causal=alone, enable_gqa=q.shape[1] != k.shape[1])


@dataclasses.dataclass(frozen=True, slots=True)
class AttentionInput:
    """What the attention of one layer is given."""

    x: Tensor
    """``[b, n, d]``: what its q, k and v projections read."""
    q: Tensor
    """Queries, ``[b, h, n, c]``, before they are scaled by c^-½; rotated where the network is rotary."""
    k: Tensor
    """Keys, ``[b, g, n, c]``, likewise."""
    v: Tensor
    """Values, ``[b, g, n, c]``."""


def attention_inputs(network: Network, inputs: Tensor, mask: Tensor | None = None) -> list[AttentionInput]:
    """Gives what each attention of a network is given, first layer first.

    Args:
        network: its attentions as they were loaded.
        inputs: as for the network.
        mask: as for the network.
    """
    seen: list[AttentionInput] = []

    def record(attention: nn.Module, given: tuple[Tensor, ...]) -> None:
        seen.append(AttentionInput(given[0], *cast(SelfAttention, attention).project(given[0])))

    hooks = [attention.register_forward_pre_hook(record) for attention in network.attentions]
    try:
        network(inputs, mask)
    finally:
        for hook in hooks:
            hook.remove()
    return seen
