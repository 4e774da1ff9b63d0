"""A pretrained network that does a task: exact as it was loaded, then with its attentions swapped or adapted.

In: a case with a model, a network of `bench.data.models`, a head that reads what it pools. Out: a module
``(inputs, mask=None) -> logits`` and what can be done with it: `change` puts the case's operator in, `merge` folds
adapters into the projections that they stand on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import nn

from bench import operators
from bench.case import Case
from bench.data.models._network import LanguageModel, Network, Transcriber
from bench.measure.moments import second_moments
from bench.measure.placement import adapt, draws
from bench.operators._base import Adapter, Attention

__all__ = ["Pretrained", "Shifted", "change", "merge"]


class Pretrained(nn.Module):
    """``(inputs, mask=None) -> logits [b, classes]`` where there is a head, else what the network itself gives.

    That is ``[b, n, vocabulary]`` of one that says what comes next, and hidden states ``[b, n, d]`` of any other.

    Args:
        network: of `bench.data.models`.
        head: reads what is pooled.
    """

    def __init__(self, network: Network, head: nn.Linear | None = None) -> None:
        super().__init__()
        self.network, self.head = network, head

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Gives the logits; ``mask [b, n]`` is true where a token is there."""
        hidden: torch.Tensor = self.network(inputs, mask)
        if self.head is not None:
            return cast(torch.Tensor, self.head(self.network.pooled(hidden, mask)))
        return self.network.logits(hidden) if isinstance(self.network, LanguageModel) else hidden

    def transcribe(self, features: torch.Tensor) -> list[str]:
        """Gives the text of each clip, by a network that writes what it hears."""
        assert isinstance(self.network, Transcriber)
        return self.network.transcribe(features)


class Shifted(nn.Module):
    """A projection's bias, frozen, after an adapter of the projection without it.

    An adapter's closed forms, and its merged weight, are of a map without bias. So a bias is neither rescaled by
    (IA)³ nor seen by a bottleneck, which differs from what packages do; at step 0 it is all one.
    """

    def __init__(self, adapter: nn.Module, bias: torch.Tensor) -> None:
        super().__init__()
        self.adapter = adapter
        self.bias = nn.Parameter(bias.detach(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gives ``adapter(x) + bias``."""
        return cast(torch.Tensor, self.adapter(x) + self.bias)


class _Repeated(nn.Module):
    """An attention that knows no grouped heads, in a network with them: each key head is given to its query heads.

    Args:
        attend: ``(q, k, v, mask) -> o`` of as many key heads as query heads.
        times: query heads of a key head.
    """

    def __init__(self, attend: Callable[..., torch.Tensor], times: int) -> None:
        super().__init__()
        self.attend, self.times = attend, times

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Gives ``[b, h, n, c]`` of q ``[b, h, n, c]``, k and v ``[b, g, n, c]``."""
        k, v = (heads.repeat_interleave(self.times, dim=1) for heads in (k, v))
        return self.attend(q, k, v, mask)


def change(case: Case, module: Pretrained) -> None:
    """Puts the case's operator into a network that is as it was loaded, and says what of it is trained."""
    operator = operators.of(case)
    if isinstance(operator, Adapter):
        module.network.requires_grad_(operator.trains_base)
        _adapt(case, operator, module.network)
        assert module.head is not None
        module.head.requires_grad_(True)
    else:
        assert isinstance(operator, Attention)
        _swap(case, operator, module.network)
        module.requires_grad_(case.recover_steps is not None or case.phase == "train")


def merge(module: nn.Module) -> int:
    """Folds each adapter into its projection, in place, and gives how many there were that can be folded."""
    merged = 0
    for host in list(module.modules()):
        for name, child in list(host.named_children()):
            folded = _folded(child)
            if folded is not None:
                setattr(host, name, folded)
                merged += 1
    return merged


def _swap(case: Case, operator: Attention, network: Network) -> None:
    moments = second_moments(case, network) if operator.reads_samples else None
    for index, attention in enumerate(network.attentions):
        if case.layer in (None, index):
            if moments is not None:
                attention.second_moment = moments[index]
            known = case if operator.gqa else case.replace(num_kv_heads=None)
            built = operator.build_layer(known, attention, draws(case, f"operator {index}"))
            network.attentions[index] = cast(nn.Module, operator.adopt(case, built)).to(case.device)
            if known.kv_heads != case.kv_heads:
                attend = cast(Callable[..., torch.Tensor], attention.attend)
                attention.attend = _Repeated(attend, known.kv_heads // case.kv_heads)


def _adapt(case: Case, operator: Adapter, network: Network) -> None:
    """Puts the adapter on the projections that it adapts: of every attention, and of what stands around it."""
    if operator.trains_base:
        return
    own = draws(case, "operator")
    adapted = 0
    for attention, layer in zip(network.attentions, network.layers, strict=True):
        for host in (attention, layer):
            for name in operator.adapts:
                projection = getattr(host, name, None)
                if isinstance(projection, nn.Linear):
                    setattr(host, name, _with_bias(case, projection, own))
                    adapted += 1
    if adapted != len(operator.adapts) * len(network.attentions):
        raise NotImplementedError(f"{case.model} has not all of the projections {', '.join(operator.adapts)}")


def _with_bias(case: Case, projection: nn.Linear, own: torch.Generator) -> nn.Module:
    bias = projection.bias
    projection.register_parameter("bias", None)
    adapter = adapt(case, projection, own, perturbed=False)
    return adapter if bias is None else Shifted(adapter, bias)


def _folded(adapter: Any) -> nn.Module | None:
    """Gives what an adapter is when it is folded into its base; nothing where it is none, or cannot be."""
    if hasattr(adapter, "merged_weight"):
        weight: torch.Tensor = adapter.merged_weight().detach()
        folded = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
        folded.weight = nn.Parameter(weight, requires_grad=False)
        return folded
    if hasattr(adapter, "merge") and hasattr(adapter, "unmerge"):  # peft's layers fold themselves
        adapter.merge()
        return cast(nn.Module, adapter)
    return None
