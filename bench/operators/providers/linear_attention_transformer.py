"""The package `linear-attention-transformer`: efficient attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

__all__ = ["PROVIDER"]

_BUCKET = 64


def _core(case: Case, own: Any) -> Callable[..., Any]:
    from linear_attention_transformer.linear_attention_transformer import causal_linear_attn, linear_attn

    theirs: Callable[..., Any] = causal_linear_attn if case.causal else linear_attn
    return theirs


def _uneven(case: Case) -> str | None:
    if not case.causal or case.seq_len % _BUCKET == 0:
        return None
    return f"linear-attention-transformer needs a multiple of {_BUCKET} tokens and seq_len is {case.seq_len}"


PROVIDER = Provider(
    package="linear-attention-transformer",
    modules=("linear_attention_transformer.linear_attention_transformer",),
    offers={
        "efficient": Offer(
            build=_core,
            scopes=frozenset({"core"}),
            causal=True,
            agrees=False,
            wide_v=False,
            notes=(
                "linear_attn: its output is ours over √head_dim; causal_linear_attn: a token sees the buckets of 64 "
                "tokens before its own, and weights are normalised by rows; its mask writes into k and v: not offered"
            ),
            unsupported=_uneven,
        )
    },
)
