"""Case -> Workload: inputs, weights and one call of the case's phase, set up and ready to be timed.

Everything that a call does not do each time happens here: drawing inputs and weights, building the operator,
making the optimizer. The worker, the passes and the metrics call `call` and look at the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import nn

from bench import operators
from bench.case import Case
from bench.measure import inputs as input_catalogue
from bench.operators._base import Adapter, Attention, Layer

__all__ = ["SelfAttention", "Workload", "attention_of", "build", "draw_inputs", "linear"]

_OPERATOR_SEED = 1  # added to the case's seed: an operator's own draws must not shift those of the layer's weights
_GRADIENT_SEED = 2
_LEARNING_RATE = 1e-4
_INPUT_ORDER = ("q", "k", "v", "x")


class SelfAttention(nn.Module):
    """``x [b, n, d] -> y [b, n, d]``: projections q, k, v and o without bias around an attention.

    Args:
        case: gives heads, widths and the dtype.
        attend: ``(q, k, v, mask=None) -> o``.
        generator: draws the weights, N(0, 1/d), in float64 and in the order q, k, v, o.
    """

    def __init__(self, case: Case, attend: Callable[..., torch.Tensor], generator: torch.Generator) -> None:
        super().__init__()
        d, kv = case.hidden_size, case.kv_heads * (case.head_dim or 0)
        self.head_dim, self.attend = case.head_dim or d, attend
        self.q: nn.Module = linear(case, d, d, generator)  # this and v may become adapters of themselves
        self.k = linear(case, d, kv, generator)
        self.v: nn.Module = linear(case, d, kv, generator)
        self.o = linear(case, d, d, generator)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Gives y; ``mask [b, n]`` is true where a key is there."""
        q, k, v = (
            project(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2) for project in (self.q, self.k, self.v)
        )
        return cast(torch.Tensor, self.o(self.attend(q, k, v, mask).transpose(1, 2).flatten(2)))


@dataclasses.dataclass(frozen=True, slots=True)
class Workload:
    """A case that can be called."""

    case: Case
    inputs: Mapping[str, torch.Tensor]
    """Name -> tensor, on the case's device and in its dtype."""
    module: nn.Module | None
    """What holds the weights; absent where there are none."""
    forward: Callable[[], torch.Tensor]
    """The forward pass alone, with gradients where the phase is `train`."""
    call: Callable[[], torch.Tensor]
    """One whole call of the phase; gives its output."""


def build(case: Case, given: Mapping[str, torch.Tensor] | None = None) -> Workload:
    """Sets a case up.

    Args:
        case: what to set up.
        given: inputs to take instead of the case's own, as an accuracy pass does.
    """
    tensors = dict(given if given is not None else draw_inputs(case))
    run = _callable(case)
    if case.compiled:
        run = torch.compile(run)
    module = run if isinstance(run, nn.Module) else None
    if case.phase == "train":
        return _training(case, tensors, run, module)

    def forward() -> torch.Tensor:
        with torch.no_grad():
            return run(*tensors.values())

    return Workload(case, tensors, module, forward, forward)


def draw_inputs(case: Case) -> dict[str, torch.Tensor]:
    """Gives the case's inputs on its device and in its dtype, and the key mask where there is one."""
    drawn = input_catalogue.load(case.input).tensors(case)
    order = [name for name in _INPUT_ORDER if name in drawn]  # a callable takes them by place
    tensors = {name: drawn[name].to(case.device, getattr(torch, case.dtype)) for name in order}
    if case.mask == "padding":
        mask = torch.ones(case.batch_size, case.seq_len, dtype=torch.bool, device=case.device)
        mask[:, case.seq_len - case.seq_len // 4 :] = False
        tensors["mask"] = mask
    return tensors


def linear(case: Case, in_features: int, out_features: int, generator: torch.Generator) -> nn.Linear:
    """Gives a projection without bias, its weight N(0, 1/in_features) drawn in float64."""
    weight = torch.randn(out_features, in_features, generator=generator, dtype=torch.float64) / in_features**0.5
    layer = nn.Linear(in_features, out_features, bias=False, device="meta")
    layer.weight = nn.Parameter(weight.to(case.device, getattr(torch, case.dtype)))
    return layer


def attention_of(case: Case) -> Callable[..., torch.Tensor]:
    """Gives an attention's bare ``(q, k, v, mask=None) -> o``, as it stands at scope `core`."""
    attend: Callable[..., torch.Tensor] = operators.load(case.operator).build(case, _own_draws(case))
    return attend.to(case.device) if isinstance(attend, nn.Module) else attend


def _own_draws(case: Case) -> torch.Generator:
    return torch.Generator().manual_seed(case.seed + _OPERATOR_SEED)


def _callable(case: Case) -> Callable[..., torch.Tensor]:
    operator = operators.load(case.operator)
    weights = torch.Generator().manual_seed(case.seed)
    if isinstance(operator, Adapter):
        return _adapted(case, operator, weights, _own_draws(case)).to(case.device)
    if isinstance(operator, Layer):
        return operator.build(case, weights).to(case.device, getattr(torch, case.dtype))
    assert isinstance(operator, Attention)
    if case.scope == "layer":
        return SelfAttention(case, attention_of(case), weights).to(case.device)
    return attention_of(case)


def _adapted(case: Case, operator: Adapter, weights: torch.Generator, own: torch.Generator) -> nn.Module:
    def adapt(base: nn.Linear) -> nn.Module:
        shape = case.replace(hidden_size=base.in_features, out_features=base.out_features)
        module = operator.build(shape, base, own)
        if hasattr(module, "perturb"):
            cast(Callable[[torch.Generator], None], module.perturb)(own)
        return module

    if case.scope == "projection":
        return adapt(linear(case, case.hidden_size, case.out_size, weights))
    attend = operators.load("sdpa").build(case, own)
    layer = SelfAttention(case, attend, weights)
    if not operator.trains_base:
        layer.requires_grad_(False)
    layer.q, layer.v = adapt(cast(nn.Linear, layer.q)), adapt(cast(nn.Linear, layer.v))
    return layer


def _training(
    case: Case, tensors: dict[str, torch.Tensor], run: Callable[..., torch.Tensor], module: nn.Module | None
) -> Workload:
    """Forward, backward to the inputs and the trainable weights, and a step of AdamW where there are any."""
    leaves = [t.requires_grad_() for t in tensors.values() if t.is_floating_point()]
    weights = [p for p in module.parameters() if p.requires_grad] if module is not None else []
    optimizer = torch.optim.AdamW(weights, lr=_LEARNING_RATE, fused=True) if weights else None
    with torch.no_grad():
        shape = run(*tensors.values()).shape
    draw = torch.randn(shape, generator=torch.Generator().manual_seed(case.seed + _GRADIENT_SEED))
    upstream = draw.to(case.device, getattr(torch, case.dtype))

    def forward() -> torch.Tensor:
        return run(*tensors.values())

    def call() -> torch.Tensor:
        for tensor in [*leaves, *weights]:
            tensor.grad = None
        output = forward()
        torch.autograd.backward(output, upstream)
        if optimizer is not None:
            optimizer.step()
        return output.detach()

    return Workload(case, tensors, module, forward, call)
