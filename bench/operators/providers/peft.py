"""Hugging Face's peft: every adapter in the layer that `get_peft_model` would put in place of the projection.

Goes in: our module, with its base and its weights. Comes out: peft's layer around the same base, holding the very
same parameters, trainable and frozen as ours are. It is injected by peft itself, so that what is called is what a
user of peft calls: nothing is merged but where the operator says so, and its dropout is off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]

_NAME = "default"  # peft's own name of the adapter of a model that has one
_ANYWHERE = frozenset({"projection", "layer", "model"})
_OFF = "dropout 0, autocast_adapter_dtype off"


def _injected(linear: torch.nn.Linear, config: Any, *names: str) -> Any:
    """Gives the layer that peft puts in place of a projection, with an adapter for each of `names`."""
    import peft
    from torch import nn

    config.target_modules = {"projection"}
    host: Any = nn.ModuleDict({"projection": linear})
    first, *more = names or (_NAME,)
    model = peft.get_peft_model(host, config, adapter_name=first, autocast_adapter_dtype=False)
    for name in more:
        model.add_adapter(name, config, autocast_adapter_dtype=False)
    return host["projection"]


def _lora(case: Case, own: Any, **settings: Any) -> torch.nn.Module:
    from peft import LoraConfig

    rank = own.a.shape[0]
    # init_lora_weights false: what peft would draw, or take out of the base, is replaced
    layer = _injected(own.base, LoraConfig(r=rank, lora_alpha=rank, init_lora_weights=False, **settings))
    layer.lora_A[_NAME].weight, layer.lora_B[_NAME].weight = own.a, own.b
    layer.scaling[_NAME] = own.scale
    return layer  # type: ignore[no-any-return]


def _rslora(case: Case, own: Any) -> torch.nn.Module:
    return _lora(case, own, use_rslora=True)


def _dora(case: Case, own: Any) -> torch.nn.Module:
    layer: Any = _lora(case, own, use_dora=True)
    layer.lora_magnitude_vector[_NAME].weight = own.magnitude
    return layer  # type: ignore[no-any-return]


def _lora_merged(case: Case, own: Any) -> torch.nn.Module:
    """Takes peft's own random update out of the merged weight and lets peft merge it back."""
    import torch
    from peft import LoraConfig

    rank = round(case.option("merged_rank", 8))
    with torch.random.fork_rng(devices=()), torch.no_grad():  # drawn by the case's seed, and nothing of others moved
        torch.manual_seed(case.seed)
        layer = _injected(own, LoraConfig(r=rank, lora_alpha=rank, init_lora_weights=False))
        own.weight -= layer.get_delta_weight(_NAME)
        layer.merge()
    return layer.requires_grad_(False)  # type: ignore[no-any-return]


def _vera(case: Case, own: Any) -> torch.nn.Module:
    from peft import VeraConfig

    layer = _injected(own.base, VeraConfig(r=own.a.shape[0], vera_dropout=0.0))
    layer.vera_A[_NAME], layer.vera_B[_NAME] = own.a, own.b
    layer.vera_lambda_d[_NAME], layer.vera_lambda_b[_NAME] = own.lambda_d, own.lambda_b
    return layer  # type: ignore[no-any-return]


def _adalora(case: Case, own: Any) -> torch.nn.Module:
    from peft import AdaLoraConfig
    from torch import nn

    rank = own.a.shape[0]
    layer = _injected(own.base, AdaLoraConfig(init_r=rank, target_r=rank, total_step=1000, lora_alpha=rank))
    layer.lora_A[_NAME], layer.lora_B[_NAME] = own.a, own.b
    layer.lora_E[_NAME] = nn.Parameter(own.singular.detach()[:, None])
    layer.ranknum[_NAME].requires_grad_(False)  # moved to another dtype than float32, it loses that
    # peft divides by r + 1e-5, rounded to the dtype of `ranknum`
    layer.scaling[_NAME] = own.scale * float(layer.ranknum[_NAME] + 1e-5)
    return layer  # type: ignore[no-any-return]


def _loha(case: Case, own: Any) -> torch.nn.Module:
    from peft import LoHaConfig

    rank = own.a1.shape[0]
    layer = _injected(own.base, LoHaConfig(r=rank, alpha=rank))
    layer.hada_w1_a[_NAME], layer.hada_w1_b[_NAME] = own.b1, own.a1
    layer.hada_w2_a[_NAME], layer.hada_w2_b[_NAME] = own.b2, own.a2
    layer.scaling[_NAME] = own.scale
    return layer  # type: ignore[no-any-return]


def _lokr(case: Case, own: Any) -> torch.nn.Module:
    from peft import LoKrConfig

    rank = case.rank or 1
    layer = _injected(own.base, LoKrConfig(r=rank, alpha=rank))
    for weights in layer.adapter_layer_names:  # of the shapes that peft chooses; ours take their place
        getattr(layer, weights).clear()
    layer.lokr_w1[_NAME] = own.w1
    if hasattr(own, "w2"):
        layer.lokr_w2[_NAME] = own.w2
    else:
        layer.lokr_w2_a[_NAME], layer.lokr_w2_b[_NAME] = own.w2a, own.w2b
    layer.scaling[_NAME] = own.scale
    return layer  # type: ignore[no-any-return]


def _ia3(case: Case, own: Any) -> torch.nn.Module:
    from peft import IA3Config
    from torch import nn

    layer = _injected(own.base, IA3Config(feedforward_modules=[]))
    layer.ia3_l[_NAME] = nn.Parameter(own.scales.detach()[:, None])
    return layer  # type: ignore[no-any-return]


def _ia3_feedforward(case: Case, own: Any) -> torch.nn.Module:
    from peft import IA3Config
    from torch import nn

    layer = _injected(own.base, IA3Config(feedforward_modules=["projection"]))
    layer.ia3_l[_NAME] = nn.Parameter(own.scales.detach()[None])
    return layer  # type: ignore[no-any-return]


def _multi_lora(case: Case, own: Any) -> torch.nn.Module:
    from peft import LoraConfig
    from torch import nn

    names, rank = [f"adapter{i}" for i in range(len(own.a))], own.a.shape[1]
    layer = _injected(own.base, LoraConfig(r=rank, lora_alpha=rank, init_lora_weights=False), *names)
    for name, a, b in zip(names, own.a.detach(), own.b.detach(), strict=True):
        layer.lora_A[name].weight = nn.Parameter(a, requires_grad=own.a.requires_grad)
        layer.lora_B[name].weight = nn.Parameter(b, requires_grad=own.b.requires_grad)
        layer.scaling[name] = own.scale

    class Mixed(nn.Module):
        def __init__(self, own: Any) -> None:
            super().__init__()
            self.layer = layer
            self.adapter_names = [names[i] for i in own.ids.tolist()]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mixed: torch.Tensor = self.layer(x, adapter_names=self.adapter_names)
            return mixed

    return Mixed(own)  # by name, or the class would hold ours alive


def _offer(build: Any, notes: str = "", **changes: Any) -> Offer:
    told = f"{_OFF}; {notes}" if notes else _OFF
    return Offer(build=build, **{"scopes": _ANYWHERE, "adapter_dtype": True, "notes": told, **changes})


PROVIDER = Provider(
    package="peft",
    modules=("peft",),
    offers={
        "lora": _offer(_lora),
        "rslora": _offer(_rslora),
        "dora": _offer(_dora, "B A is formed each call, by passing the identity through both"),
        "pissa": _offer(_lora, "called after its initialisation, with our factors and residual"),
        "olora": _offer(
            _lora, "called after its initialisation, with our factors; its own takes out s·Q_r R_r, ours Q_r R_r"
        ),
        "lora_fa": _offer(
            _lora, "the optimizer is the plain one: create_lorafa_optimizer also rescales B's gradient"
        ),
        "lora_merged": _offer(
            _lora_merged,
            "merged by its own merge(); a random update is taken out first, and its factors are still held",
            phases=frozenset({"forward"}),
            adapter_dtype=False,
        ),
        "vera": _offer(_vera, "A and B are buffers, which are not counted as parameters"),
        "adalora": _offer(_adalora, "its division by r + 1e-5 is undone in the scale; holds r as a parameter"),
        "loha": _offer(_loha, "α/r is rounded to float32"),
        "lokr": _offer(_lokr, "with our factorisation; W1 ⊗ W2 is formed each call"),
        "ia3": _offer(_ia3),
        "ia3_feedforward": _offer(_ia3_feedforward),
        "multi_lora_loop": _offer(
            _multi_lora, "adapter_names, one a sample: a loop over adapters", phases=frozenset({"forward"})
        ),
    },
)
