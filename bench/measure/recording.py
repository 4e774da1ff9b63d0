"""Records q, k and v of every attention of any torch module while it runs.

In: a module and what it is called with. Out: a `Recording`: of each call of an attention q, k, v and what mask stood
over them, or why that call cannot be an input; and how many attentions went another way.

What is seen: `torch.nn.functional.scaled_dot_product_attention`, through which transformers' models, torch's own and
most others go, and `torch.nn.functional.multi_head_attention_forward`, which `nn.MultiheadAttention` calls and which
computes softmax by itself where it is asked for weights. A torch-function mode catches both, whoever calls them:
nothing is patched and the module is not changed. torch's fused transformer layers and what torch.compile made would
pass both by: they are off while it records. A softmax that the module takes of its own n × n scores is counted, so
that it can be told.

Axis legend: b batch, h query heads, g key and value heads, n seq_len, d hidden size, c head_dim.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention.bias import CausalBias
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from bench.measure._masks import merged, seen

__all__ = ["Attended", "LeftOut", "Recording", "record"]

_SOFTMAX = (torch.softmax, torch.Tensor.softmax, F.softmax)
_MULTI_HEAD = inspect.signature(F.multi_head_attention_forward)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """What one call of an attention was given, float32 on the CPU."""

    index: int
    """Which call of an attention it was, from 0, those that were left out counted."""
    module: str
    """The innermost part of the module that was running, by its dotted name; empty for the module itself."""
    q: Tensor
    """``[b, h, n, c]``; where scores are not scaled by c^-½, scaled so that with c^-½ they come out the same."""
    k: Tensor
    """``[b, g, n, c]``; heads that were repeated for several query heads stand there once."""
    v: Tensor
    """``[b, g, n, c]``."""
    causal: bool
    """Whether each token saw only itself and those before it."""
    masked: bool
    """Whether a mask hid anything else, or shifted scores."""
    scale: float
    """By what q·k was multiplied."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A call of an attention that no case is like."""

    index: int
    """As in `Attended`."""
    module: str
    """As in `Attended`."""
    reason: str
    """What it was."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """What was seen of a module."""

    attended: tuple[Attended, ...]
    """In the order of calls; only the layers that were asked for."""
    left_out: tuple[LeftOut, ...]
    """In the order of calls."""
    calls: int
    """All calls of an attention."""
    by_hand: int
    """How often a softmax of square scores was taken outside of them: attentions that were not seen."""


def record(
    module: nn.Module,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    layers: Collection[int] | None = None,
) -> Recording:
    """Calls a module once, without gradients and dropout, and gives what its attentions were given.

    Args:
        module: any; it is put into evaluation mode.
        args: what it is called with.
        kwargs: what it is called with, by name.
        layers: which calls of an attention to keep, from 0; absent: all.
    """
    recorder = _Recorder(layers)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        eager = torch.compiler.set_stance("force_eager")  # else what is compiled would compile the recorder too
        with eager, _named(module.eval(), recorder.running), torch.no_grad(), recorder:
            module(*args, **(kwargs or {}))
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return Recording(tuple(recorder.attended), tuple(recorder.left_out), recorder.calls, recorder.by_hand)


class _Recorder(TorchFunctionMode):
    """While it is on, looks at every torch function that is called; off while it handles one."""

    def __init__(self, layers: Collection[int] | None) -> None:
        super().__init__()
        self.layers = layers
        self.running: list[str] = []
        self.attended: list[Attended] = []
        self.left_out: list[LeftOut] = []
        self.calls = self.by_hand = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func == F.scaled_dot_product_attention:
            return self._scaled(*args, **(kwargs or {}))
        if func == F.multi_head_attention_forward:
            return self._multi_head(_MULTI_HEAD.bind(*args, **(kwargs or {})))
        result = func(*args, **(kwargs or {}))
        if func in _SOFTMAX and result.dim() > 1 and result.shape[-1] == result.shape[-2] > 1:
            self.by_hand += 1
        return result

    def _scaled(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        *,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        self._note((query, key, value), attn_mask, is_causal, scale)
        return F.scaled_dot_product_attention(  # whoever passes dropout_p in evaluation mode does not get it
            query, key, value, attn_mask, 0.0, is_causal, scale=scale, enable_gqa=enable_gqa
        )

    def _multi_head(self, bound: inspect.BoundArguments) -> tuple[Tensor, Tensor | None]:
        bound.apply_defaults()
        given = bound.arguments
        own_keys = [name for name in ("bias_k", "static_k", "static_v") if given[name] is not None]
        if own_keys or given["add_zero_attn"]:
            self._leave_out("keys that are no token's (add_bias_kv, add_zero_attn, or static)")
        elif not _same(given["query"], given["key"]):
            self._leave_out("queries and keys of different tokens: cross-attention")
        else:
            mask = merged(given["attn_mask"], given["key_padding_mask"], given["num_heads"])
            hinted = bool(given["is_causal"]) and not given["need_weights"]  # else torch takes the mask
            causal = hinted and given["key_padding_mask"] is None
            self._note(_projected(given), None if causal else mask, causal, None)
        return F.multi_head_attention_forward(**{**given, "training": False})

    def _leave_out(self, reason: str) -> None:
        self.left_out.append(LeftOut(index=self.calls, module=self._module, reason=reason))
        self.calls += 1

    def _note(
        self, given: tuple[Tensor, Tensor, Tensor], mask: Tensor | None, is_causal: bool, scale: float | None
    ) -> None:
        reason = _unlike(*given)
        if reason is not None:
            self._leave_out(reason)
            return
        index, self.calls = self.calls, self.calls + 1
        if self.layers is not None and index not in self.layers:
            return
        q, k, v = _in_batches(*given)
        usual = q.shape[-1] ** -0.5
        scale = usual if scale is None else scale
        repeated = _repeated(k, v)
        if isinstance(mask, CausalBias):  # a name for a mask: what it holds is nothing
            mask = mask._materialize(q.device)
        causal, masked = (is_causal, False) if mask is None else seen(mask, q.shape[-2])
        self.attended.append(
            Attended(
                index=index,
                module=self._module,
                q=_kept(q if scale == usual else q.double() * (scale / usual)),
                k=_kept(k[:, ::repeated]),
                v=_kept(v[:, ::repeated]),
                causal=causal,
                masked=masked,
                scale=scale,
            )
        )

    @property
    def _module(self) -> str:
        return self.running[-1] if self.running else ""


@contextlib.contextmanager
def _named(module: nn.Module, running: list[str]) -> Iterator[None]:
    """Keeps the names of the parts that are running, the innermost last, while the module is called."""

    def entering(name: str) -> Callable[..., None]:
        return lambda *_: running.append(name)

    def leaving(*_: Any) -> None:
        running.pop()

    hooks: list[RemovableHandle] = []
    for name, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):  # takes no hooks, and what it calls is not seen
            continue
        hooks += [part.register_forward_pre_hook(entering(name)), part.register_forward_hook(leaving)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _same(query: Tensor, key: Tensor) -> bool:
    """Whether two tensors may be of one input: they are one, hold the same, or are of widths of their own."""
    return query is key or query.shape != key.shape or torch.equal(query, key)


def _unlike(q: Tensor, k: Tensor, v: Tensor) -> str | None:
    """Gives why no case has such q, k, v, or nothing."""
    if q.is_nested or k.is_nested or v.is_nested:
        return "nested tensors"
    if any(torch._C._functorch.is_batchedtensor(tensor) for tensor in (q, k, v)):
        return "inside torch.vmap, which shows one sample of all"
    if k.shape[-2] != q.shape[-2]:
        return f"{k.shape[-2]} keys for {q.shape[-2]} queries: cross-attention, or a cache"
    if v.shape[-1] != q.shape[-1]:
        return f"values of width {v.shape[-1]} for queries of width {q.shape[-1]}"
    heads = [tensor.shape[-3] if tensor.dim() > 2 else 1 for tensor in (q, k, v)]
    if heads[1] != heads[2] or heads[0] % heads[1]:
        return f"{heads[0]} heads of queries, {heads[1]} of keys, {heads[2]} of values"
    return None


def _in_batches(q: Tensor, k: Tensor, v: Tensor) -> list[Tensor]:
    """Gives them as ``[b, heads, n, c]``: what stands before the heads, windows among them, is the batch."""
    batch = np.broadcast_shapes(*(tensor.shape[:-3] for tensor in (q, k, v)))
    found = []
    for tensor in (q, k, v):
        heads = tensor[None] if tensor.dim() == 2 else tensor
        found.append(heads.expand(*batch, *heads.shape[-3:]).reshape(-1, *heads.shape[-3:]))
    return found


def _repeated(k: Tensor, v: Tensor) -> int:
    """Gives of how many heads in a row k and v are the same to the bit: repeated for as many query heads."""
    heads = k.shape[1]
    for times in range(heads, 1, -1):
        if heads % times == 0 and all(
            torch.equal(each, each[:, ::times].repeat_interleave(times, dim=1)) for each in (k, v)
        ):
            return times
    return 1


def _kept(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", torch.float32, copy=True).contiguous()


def _projected(given: Mapping[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Gives q, k, v ``[b, h, n, c]`` that `multi_head_attention_forward` makes of ``[n, b, d]`` or ``[n, d]``."""
    if given["use_separate_proj_weight"]:
        weights = [given["q_proj_weight"], given["k_proj_weight"], given["v_proj_weight"]]
    else:
        weights = given["in_proj_weight"].chunk(3)
    biases = (None,) * 3 if given["in_proj_bias"] is None else given["in_proj_bias"].chunk(3)
    made = []
    for name, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
        x = given[name] if given[name].dim() == 3 else given[name].unsqueeze(1)
        made.append(torch.unflatten(F.linear(x, weight, bias), -1, (given["num_heads"], -1)).permute(1, 2, 0, 3))
    q, k, v = made
    return q, k, v
