"""LyCORIS: its modules put onto the projection by `apply_to`, as its networks do.

Goes in: our module. Comes out: the base, an `nn.Linear` whose `forward` is LyCORIS's from then on and which holds
LyCORIS's module, so that its weights are found. The weights are ours; every dropout is off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]

_ANYWHERE = frozenset({"projection", "layer", "model"})
_OFF = "dropouts 0, bypass_mode off (its default): the update is formed and applied beside W0"


def _applied(base: Any, module: Any) -> torch.nn.Module:
    module.to(base.weight)  # its buffers
    module.apply_to()
    base.add_module("lycoris", module)
    return base  # type: ignore[no-any-return]


def _loha(case: Case, own: Any) -> torch.nn.Module:
    from lycoris.modules.loha import LohaModule

    module: Any = LohaModule("projection", own.base, lora_dim=own.a1.shape[0])
    applied = _applied(own.base, module)
    module.scale = own.scale
    module.hada_w1_a, module.hada_w1_b, module.hada_w2_a, module.hada_w2_b = own.b1, own.a1, own.b2, own.a2
    return applied


def _lokr(case: Case, own: Any) -> torch.nn.Module:
    from lycoris.modules.lokr import LokrModule

    # full_matrix: one W1 and one W2; ours take their place
    module: Any = LokrModule("projection", own.base, lora_dim=case.rank or 1, full_matrix=True)
    applied = _applied(own.base, module)
    module.scale, module.lokr_w1 = own.scale, own.w1
    if hasattr(own, "w2"):
        module.lokr_w2 = own.w2
    else:
        del module.lokr_w2
        module.use_w2, module.lokr_w2_a, module.lokr_w2_b = False, own.w2a, own.w2b
    return applied


PROVIDER = Provider(
    package="lycoris-lora",
    modules=("lycoris",),
    offers={
        "loha": Offer(build=_loha, scopes=_ANYWHERE, notes=_OFF),
        "lokr": Offer(build=_lokr, scopes=_ANYWHERE, notes=f"{_OFF}; with our factorisation"),
    },
)
