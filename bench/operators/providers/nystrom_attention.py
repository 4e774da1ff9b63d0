"""The package `nystrom-attention`: Nyströmformer with six iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]


def _layer(case: Case, own: Any) -> torch.nn.Module:
    import torch
    from nystrom_attention import NystromAttention
    from torch import nn

    theirs = NystromAttention(
        case.hidden_size, dim_head=case.head_dim, heads=case.num_heads, num_landmarks=case.rank, residual=False
    )
    joined = torch.cat([own.q.weight, own.k.weight, own.v.weight]).detach()
    theirs.to_qkv.weight, theirs.to_out[0] = nn.Parameter(joined), own.o
    return theirs  # type: ignore[no-any-return]


def _uneven(case: Case) -> str | None:
    if case.seq_len % (case.rank or 1) == 0:
        return None
    return f"nystrom-attention attends to padding where seq_len {case.seq_len} is no multiple of rank {case.rank}"


PROVIDER = Provider(
    package="nystrom-attention",
    modules=("nystrom_attention",),
    offers={
        "nystrom": Offer(
            build=_layer,
            scopes=frozenset({"layer"}),
            agrees=False,
            notes=(
                "NystromAttention without its convolution and output bias; its inverse starts from norms over the "
                "whole batch and all heads, ours from those of each matrix: the same for one sample with one head"
            ),
            unsupported=_uneven,
        )
    },
)
