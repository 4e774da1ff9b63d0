"""Case -> Workload: inputs, weights and one call of the case's phase, set up and ready to be timed.

Everything that a call does not do each time happens here: drawing inputs and weights, building the operator, filling
a cache, making the optimizer. The worker, the passes and the metrics call `call` and look at the rest. Of a case with
a task `networks` builds, and `training` trains.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import nn

from bench import operators
from bench.case import Case
from bench.measure import inputs as input_catalogue
from bench.measure import networks, samples, training
from bench.measure.layers import Block, Stack, linear
from bench.measure.placement import adapt, adapt_all, self_attention
from bench.operators._base import Adapter

__all__ = ["Workload", "attention_of", "build", "check_output", "draw_inputs"]

_OPERATOR_SEED = 1  # added to the case's seed: an operator's own draws must not shift those of the layer's weights
_GRADIENT_SEED = 2
_LEARNING_RATE = 1e-4
_INPUT_ORDER = ("q", "k", "v", "x")


@dataclasses.dataclass(frozen=True, slots=True)
class Workload:
    """A case that can be called."""

    case: Case
    inputs: Mapping[str, torch.Tensor]
    """Name -> tensor of all tokens, on the case's device and in its dtype."""
    module: nn.Module | None
    """What holds the weights; absent where there are none."""
    forward: Callable[[], torch.Tensor]
    """The forward pass alone, with gradients where the phase is `train`."""
    call: Callable[[], torch.Tensor]
    """One whole call of the phase; gives its output, in phase `decode` that of the last token."""
    cache: tuple[torch.Tensor, ...] | None = None
    """Of phase `decode`: what is kept of all tokens."""


def build(case: Case, given: Mapping[str, torch.Tensor] | None = None) -> Workload:
    """Sets a case up.

    Args:
        case: what to set up.
        given: inputs to take instead of the case's own, as an accuracy pass does.
    """
    if case.task is not None:
        return _applied(case, given)
    tensors = dict(given if given is not None else draw_inputs(case))
    if case.phase == "decode":
        return _decoding(case, tensors)
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
    for name in order:
        _check_shape(f"input {case.input} gave {name}", drawn[name], _input_shape(case, name))
    tensors = {name: drawn[name].to(case.device, getattr(torch, case.dtype)) for name in order}
    if case.mask == "padding":
        mask = torch.ones(case.batch_size, case.seq_len, dtype=torch.bool, device=case.device)
        mask[:, case.seq_len - case.seq_len // 4 :] = False
        tensors["mask"] = mask
    return tensors


def check_output(case: Case, output: torch.Tensor) -> None:
    """Looks whether an output has the shape that its case means; of a task that is the task's business.

    Raises:
        ValueError: it has another.
    """
    if case.task is not None:
        return
    tokens = 1 if case.phase == "decode" else case.seq_len
    if case.scope == "core":
        wanted: tuple[int, ...] = (case.batch_size, case.num_heads or 1, tokens, case.head_dim or 1)
    elif operators.load(case.operator).family == "layer" and case.scope == "layer":
        wanted = (case.batch_size, tokens, output.shape[-1])  # a layer of its own may have a width of its own
    else:
        wanted = (case.batch_size, tokens, case.out_size if case.scope == "projection" else case.hidden_size)
    _check_shape(f"{case.operator} gave an output", output, wanted)


def _input_shape(case: Case, name: str) -> tuple[int, ...]:
    if name == "x":
        return (case.batch_size, case.seq_len, case.hidden_size)
    heads = (case.num_heads or 1) if name == "q" else case.kv_heads
    return (case.batch_size, heads, case.seq_len, case.head_dim or 1)


def _check_shape(what: str, tensor: torch.Tensor, wanted: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != wanted:
        raise ValueError(f"{what} {list(tensor.shape)}, which has to be {list(wanted)}")


def attention_of(case: Case) -> Callable[..., torch.Tensor]:
    """Gives an attention's bare ``(q, k, v, mask=None) -> o``, as it stands at scope `core`."""
    own = operators.load(case.operator).build(case, _own_draws(case))
    attend = operators.of(case).adopt(case, own)
    return attend.to(case.device) if isinstance(attend, nn.Module) else attend


def _own_draws(case: Case) -> torch.Generator:
    return torch.Generator().manual_seed(case.seed + _OPERATOR_SEED)


def _callable(case: Case) -> Callable[..., torch.Tensor]:
    operator = operators.of(case)
    if case.scope == "core":
        return attention_of(case)
    weights, own = torch.Generator().manual_seed(case.seed), _own_draws(case)
    if case.scope == "projection":
        assert isinstance(operator, Adapter)
        return adapt(case, linear(case, case.hidden_size, case.out_size, weights), own).to(case.device)
    if case.scope == "layer":
        return self_attention(case, weights, own)
    blocks = []
    for _ in range(case.layers or 1):
        block = Block(case, self_attention(case, weights, own), weights)
        if isinstance(operator, Adapter):
            adapt_all(case, block, own)
        blocks.append(block)
    return Stack(blocks).to(case.device)


def _decoding(case: Case, tensors: dict[str, torch.Tensor]) -> Workload:
    """A step of one token against a cache that holds those before it."""
    before = {name: tensor[..., :-1, :] for name, tensor in tensors.items()}
    token = [tensor[..., -1:, :].contiguous() for tensor in tensors.values()]
    module: nn.Module | None = None
    with torch.no_grad():
        if case.scope == "core":
            own = operators.load(case.operator).build_decode(case, _own_draws(case), before["k"], before["v"])
            step: Any = operators.of(case).adopt(case, own)
        else:
            module = cast(nn.Module, _callable(case))
            step = cast(Any, module).decoding(before["x"])
    run = torch.compile(step.__call__) if case.compiled else step

    def call() -> torch.Tensor:
        with torch.no_grad():
            return cast(torch.Tensor, run(*token))

    return Workload(case, tensors, module, call, call, step.cache)


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


def _applied(case: Case, given: Mapping[str, torch.Tensor] | None) -> Workload:
    """The network of a task on one batch of its test samples; to train is a whole training step on them."""
    fed = samples.batch_of(case)
    tensors = dict(given if given is not None else fed.batch.tensors)
    module = networks.build(case, fed.sizes)

    def forward() -> torch.Tensor:
        with torch.set_grad_enabled(case.phase == "train"):
            logits: torch.Tensor = module(*tensors.values())
            return logits

    if case.phase != "train":
        return Workload(case, tensors, module, forward, forward)
    stepper, batch = training.Stepper(module), dataclasses.replace(fed.batch, **tensors)

    def call() -> torch.Tensor:
        return stepper.step(batch, _LEARNING_RATE).logits

    return Workload(case, tensors, module, forward, call)
