"""The package `performer-pytorch`: FAVOR+ with our features, and efficient attention."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]


def _performer(case: Case, own: Any) -> torch.nn.Module:
    theirs = _built(case, own, nb_features=case.rank, causal=case.causal)
    if case.scope == "core":
        theirs.projection_matrix = own.features
    else:
        theirs.fast_attention.projection_matrix = own.attend.features
    return theirs  # type: ignore[no-any-return]


def _efficient(case: Case, own: Any) -> torch.nn.Module:
    return _built(case, own, no_projection=True)  # type: ignore[no-any-return]


def _built(case: Case, own: Any, **choices: Any) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="distutils Version classes", category=DeprecationWarning)
        from performer_pytorch import FastAttention, SelfAttention

    with contextlib.redirect_stdout(io.StringIO()):  # it prints that it has no CUDA code for its causal form
        if case.scope == "core":
            return FastAttention(case.head_dim, **choices)
        theirs = SelfAttention(case.hidden_size, heads=case.num_heads, dim_head=case.head_dim, **choices)
    theirs.to_q, theirs.to_k, theirs.to_v, theirs.to_out = own.q, own.k, own.v, own.o
    return theirs


PROVIDER = Provider(
    package="performer-pytorch",
    offers={
        "performer": Offer(
            build=_performer,
            scopes=frozenset({"core", "layer"}),
            causal=True,
            agrees=False,
            notes=(
                "FastAttention with our features; it adds 1e-4 to each feature, ours nothing; causal in its "
                "Python form, without the CUDA product of pytorch-fast-transformers"
            ),
        ),
        "efficient": Offer(
            build=_efficient,
            scopes=frozenset({"core", "layer"}),
            notes="FastAttention(no_projection=True); its causal form normalises by rows, ours by channels: left out",
        ),
    },
)
