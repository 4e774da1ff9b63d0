"""Operators put where they stand: into a projection, a self-attention, a block.

In: a case and what it is put into. Out: the same, with the operator in it, as whoever the case names implements it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import cast

import torch
from torch import nn

from bench import operators
from bench.case import Case
from bench.measure import inputs
from bench.measure.layers import SelfAttention
from bench.measure.moments import second_moment
from bench.operators._base import Adapter, Attention, Layer

__all__ = ["adapt", "adapt_all", "draws", "self_attention"]


def draws(case: Case, what: str) -> torch.Generator:
    """Gives the generator of one part of a network, from the seed and the part's name alone.

    What one part draws then shifts nothing in another: two operators with the same seed stand in equal networks.
    """
    digest = hashlib.sha256(f"{case.seed} {what}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7]))


def self_attention(case: Case, weights: torch.Generator, own: torch.Generator) -> nn.Module:
    """Gives a self-attention with drawn projections and the operator in it.

    Args:
        case: of scope `layer` or `model`.
        weights: draws the projections.
        own: draws what is the operator's own.
    """
    operator = operators.of(case)
    if isinstance(operator, Layer):
        built = operator.build(case, weights).to(case.device, getattr(torch, case.dtype))
        return cast(nn.Module, operator.adopt(case, built))
    if isinstance(operator, Attention):
        drawn = SelfAttention(case, weights)
        if operator.reads_samples:
            seen = case.replace(batch_size=1)  # one sample, whatever the batch: the weights are the same for each
            drawn.second_moment = second_moment(inputs.load(case.input).tensors(seen)["x"])
        built = operator.build_layer(case, drawn, own)
        return cast(nn.Module, operator.adopt(case, built)).to(case.device)
    layer = operators.load("sdpa").build_layer(case, SelfAttention(case, weights), own)
    adapt_all(case, layer, own)
    return cast(nn.Module, layer).to(case.device)


def adapt_all(case: Case, host: nn.Module, own: torch.Generator) -> None:
    """Freezes a layer's or a block's own projections and puts the adapter on those that it adapts."""
    operator = operators.of(case)
    assert isinstance(operator, Adapter)
    for name, projection in list(host.named_children()):
        if isinstance(projection, nn.Linear):
            projection.requires_grad_(operator.trains_base)
            if name in operator.adapts:
                setattr(host, name, adapt(case, projection, own))


def adapt(case: Case, base: nn.Linear, own: torch.Generator, *, perturbed: bool = True) -> nn.Module:
    """Gives the adapter around a projection.

    Args:
        case: gives all but the widths, which are the projection's.
        base: without bias.
        own: draws the adapter's weights.
        perturbed: whether these are then moved away from their published initial state, in which the function would
            be the base's whatever the code does; a fine-tuning begins in that state.
    """
    shape = case.replace(hidden_size=base.in_features, out_features=base.out_features)
    module = operators.load(case.operator).build(shape, base, own)
    if perturbed and hasattr(module, "perturb"):
        cast(Callable[[torch.Generator], None], module.perturb)(own)
    return cast(nn.Module, operators.of(case).adopt(shape, module))
