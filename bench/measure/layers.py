"""What stands around an operator beyond scope `core`: projections, a self-attention, a stack of blocks.

Goes in: a case and a generator that draws the weights. Comes out: modules ``x [b, n, d] -> y [b, n, d]``; `workload`
puts operators into them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from torch.nn import functional as F

from bench.case import Case

if TYPE_CHECKING:
    from bench.operators._decode import Step

__all__ = ["Block", "SelfAttention", "Stack", "linear"]

WIDENING = 4
"""Width of a block's feed-forward network over hidden_size."""


def linear(case: Case, in_features: int, out_features: int, generator: torch.Generator) -> nn.Linear:
    """Gives a projection without bias, its weight N(0, 1/in_features) drawn in float64."""
    weight = torch.randn(out_features, in_features, generator=generator, dtype=torch.float64) / in_features**0.5
    layer = nn.Linear(in_features, out_features, bias=False, device="meta")
    layer.weight = nn.Parameter(weight.to(case.device, getattr(torch, case.dtype)))
    return layer


class SelfAttention(nn.Module):
    """``x [b, n, d] -> y [b, n, d]``: projections q, k, v and o without bias around an attention.

    Args:
        case: gives heads, widths and the dtype.
        generator: draws the weights, N(0, 1/d), in float64 and in the order q, k, v, o.
    """

    attend: Callable[..., torch.Tensor]
    """``(q, k, v, mask=None) -> o``; put in by `Attention.build_layer`."""
    attend_decode: Callable[..., Step]
    """``(k, v) -> step`` of phase `decode`; put in with it."""
    second_moment: torch.Tensor
    """``E x xᵀ [d, d]``, float64, of what it reads; there for an operator that `reads_samples`."""

    def __init__(self, case: Case, generator: torch.Generator) -> None:
        super().__init__()
        d, kv = case.hidden_size, case.kv_heads * (case.head_dim or 0)
        self.head_dim = case.head_dim or d
        self.q: nn.Module = linear(case, d, d, generator)  # any of them may become an adapter of itself
        self.k: nn.Module = linear(case, d, kv, generator)
        self.v: nn.Module = linear(case, d, kv, generator)
        self.o: nn.Module = linear(case, d, d, generator)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Gives y; ``mask [b, n]`` is true where a key is there."""
        # not by names: what attend does not keep of q, k and v is let go of before its output is copied and projected
        return self.join(self.attend(self.heads(self.q(x)), self.heads(self.k(x)), self.heads(self.v(x)), mask))

    def heads(self, projected: torch.Tensor) -> torch.Tensor:
        """Gives ``[b, n, h·c]`` as ``[b, h, n, c]``."""
        return torch.unflatten(projected, -1, (-1, self.head_dim)).transpose(1, 2)

    def join(self, output: torch.Tensor) -> torch.Tensor:
        """Gives y of the heads' outputs ``[b, h, n, c]``."""
        output = output.transpose(1, 2).flatten(2)  # rebound: the heads, laid out apart, are let go of
        return cast(torch.Tensor, self.o(output))

    def decoding(self, x: torch.Tensor) -> Step:
        """Gives the step ``x_new [b, 1, d] -> y [b, 1, d]`` after the tokens ``x [b, n - 1, d]``."""
        step = self.attend_decode(self.heads(self.k(x)), self.heads(self.v(x)))

        def call(token: torch.Tensor) -> torch.Tensor:
            q, k, v = (self.heads(project(token)) for project in (self.q, self.k, self.v))
            return self.join(step(q, k, v))

        return _Step(call, step.cache)


class Block(nn.Module):
    """A pre-norm transformer block: ``h = x + attention(LN x)``, ``y = h + down(gelu(up(LN h)))``.

    The layer norms have no weights.

    Args:
        case: gives widths and the dtype.
        attention: ``x -> y``.
        generator: draws `up` ``[4d, d]`` and `down` ``[d, 4d]``.

    Source: Xiong et al., arXiv 2002.04745, figure 1 (b).
    """

    def __init__(self, case: Case, attention: nn.Module, generator: torch.Generator) -> None:
        super().__init__()
        d = case.hidden_size
        self.attention = attention
        self.up: nn.Module = linear(case, d, WIDENING * d, generator)
        self.down: nn.Module = linear(case, WIDENING * d, d, generator)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Gives y; ``mask [b, n]`` is true where a key is there."""
        normed = F.layer_norm(x, x.shape[-1:])
        return self.feed_forward(x + (self.attention(normed) if mask is None else self.attention(normed, mask)))

    def feed_forward(self, h: torch.Tensor) -> torch.Tensor:
        """Gives the second half of the block."""
        return h + cast(torch.Tensor, self.down(F.gelu(self.up(F.layer_norm(h, h.shape[-1:])))))

    def decoding(self, x: torch.Tensor) -> Step:
        """Gives the step of one token after the tokens ``x [b, n - 1, d]``."""
        step = cast(Any, self.attention).decoding(F.layer_norm(x, x.shape[-1:]))
        return _Step(lambda token: self.feed_forward(token + step(F.layer_norm(token, token.shape[-1:]))), step.cache)


class Stack(nn.Module):
    """Blocks one after the other: what scope `model` measures where no pretrained model is named."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Gives y; ``mask [b, n]`` is true where a key is there."""
        for block in self.blocks:
            x = block(x, mask)
        return x

    def decoding(self, x: torch.Tensor) -> Step:
        """Gives the step of one token after the tokens ``x [b, n - 1, d]``; the attentions must be causal."""
        steps: list[Step] = []
        for block in self.blocks:
            steps.append(cast(Block, block).decoding(x))
            x = block(x)

        def call(token: torch.Tensor) -> torch.Tensor:
            for step in steps:
                token = step(token)
            return token

        return _Step(call, tuple(tensor for step in steps for tensor in step.cache))


class _Step:
    def __init__(self, call: Callable[..., torch.Tensor], cache: tuple[torch.Tensor, ...]) -> None:
        self.call, self.cache = call, cache

    def __call__(self, *token: torch.Tensor) -> torch.Tensor:
        return self.call(*token)
