"""torch's `scaled_dot_product_attention` called as a user would, with nothing of ours around it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

__all__ = ["PROVIDER"]


def _call(case: Case, own: Any) -> Callable[..., Any]:
    import torch.nn.functional as F

    choices: dict[str, Any] = {}
    if case.causal and case.phase != "decode":  # the last token sees every key
        choices["is_causal"] = True
    if case.kv_heads != case.num_heads:
        choices["enable_gqa"] = True
    bare = functools.partial(F.scaled_dot_product_attention, **choices) if choices else F.scaled_dot_product_attention
    if case.phase != "decode":
        return bare
    own.attend = bare
    step: Callable[..., Any] = own
    return step


_OFFER = Offer(
    build=_call,
    scopes=frozenset({"core"}),
    phases=frozenset({"forward", "train", "decode"}),
    causal=True,
    gqa=True,
    notes="F.scaled_dot_product_attention itself, with is_causal or enable_gqa where the case says so",
)

PROVIDER = Provider(package="torch", offers=dict.fromkeys(("sdpa", "gqa", "mqa"), _OFFER))
