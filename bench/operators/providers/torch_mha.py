"""torch's `nn.MultiheadAttention`: the module that most code has around exact attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]


def _layer(case: Case, own: Any) -> torch.nn.Module:
    import torch
    from torch import nn

    class Layer(nn.Module):
        past: torch.Tensor | None

        def __init__(self, own: Any) -> None:
            super().__init__()
            joined = torch.cat([own.q.weight, own.k.weight, own.v.weight]).detach()
            self.attention = nn.MultiheadAttention(
                case.hidden_size, case.num_heads or 1, bias=False, batch_first=True
            )
            self.attention.in_proj_weight, self.attention.out_proj.weight = nn.Parameter(joined), own.o.weight
            # is_causal is a hint: the module wants the mask beside it, and does not use it
            dtype = getattr(torch, case.dtype)  # of booleans it would make numbers in every call
            past = nn.Transformer.generate_square_subsequent_mask(case.seq_len, dtype=dtype) if case.causal else None
            self.register_buffer("past", past)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.attention(
                x, x, x, need_weights=False, attn_mask=self.past, is_causal=self.past is not None
            )[0]
            return y

    return Layer(own)  # by name, or the class would hold ours alive


PROVIDER = Provider(
    package="torch",
    offers={
        "sdpa": Offer(
            build=_layer,
            scopes=frozenset({"layer"}),
            causal=True,
            notes="nn.MultiheadAttention(bias=False), need_weights=False",
        )
    },
)
