"""Microsoft's loralib, the code of the LoRA paper: `loralib.Linear` with our weights.

Goes in: our module. Comes out: a `loralib.Linear` that holds the same weight, A and B. Its dropout is off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]

_ANYWHERE = frozenset({"projection", "layer", "model"})


def _linear(base: torch.nn.Linear, rank: int, *, merge_weights: bool) -> Any:
    import loralib

    weight = base.weight
    layer = loralib.Linear(
        base.in_features,
        base.out_features,
        r=rank,
        lora_alpha=rank,
        merge_weights=merge_weights,
        bias=False,
        device=weight.device,
        dtype=weight.dtype,
    )
    layer.weight = weight
    return layer


def _lora(case: Case, own: Any) -> torch.nn.Module:
    layer = _linear(own.base, own.a.shape[0], merge_weights=False)
    layer.lora_A, layer.lora_B, layer.scaling = own.a, own.b, own.scale
    return layer  # type: ignore[no-any-return]


def _lora_merged(case: Case, own: Any) -> torch.nn.Module:
    """Takes a random update out of the merged weight and lets loralib merge it back, as its `eval` does."""
    import torch

    with torch.random.fork_rng(devices=()), torch.no_grad():  # drawn by the case's seed, and nothing of others moved
        torch.manual_seed(case.seed)
        layer = _linear(own, round(case.option("merged_rank", 8)), merge_weights=True)
        layer.lora_B.normal_()
        layer.weight -= layer.lora_B @ layer.lora_A * layer.scaling
        layer.eval()
    return layer.requires_grad_(False)  # type: ignore[no-any-return]


PROVIDER = Provider(
    package="loralib",
    modules=("loralib",),
    offers={
        "lora": Offer(build=_lora, scopes=_ANYWHERE, notes="dropout 0, merge_weights off"),
        "lora_merged": Offer(
            build=_lora_merged,
            scopes=_ANYWHERE,
            phases=frozenset({"forward"}),
            notes="merged by its eval(); a random update is taken out first, and its factors are still held",
        ),
    },
)
