"""The package `linformer`: Linformer with trained projections, headwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]


def _layer(case: Case, own: Any) -> torch.nn.Module:
    from linformer import LinformerSelfAttention
    from torch import nn

    theirs = LinformerSelfAttention(
        case.hidden_size, case.seq_len, k=case.rank, heads=case.num_heads, dim_head=case.head_dim
    )
    theirs.to_q, theirs.to_k, theirs.to_v, theirs.to_out = own.q, own.k, own.v, own.o
    theirs.proj_k, theirs.proj_v = (
        nn.Parameter(weight.detach().T.contiguous()) for weight in own.attend.parameters()
    )
    return theirs  # type: ignore[no-any-return]


PROVIDER = Provider(
    package="linformer",
    modules=("linformer",),
    offers={
        "linformer_trained": Offer(
            build=_layer, scopes=frozenset({"layer"}), notes="LinformerSelfAttention without its output bias"
        )
    },
)
