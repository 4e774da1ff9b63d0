"""A subject -> a capture: its module is run once, and what its attentions were given becomes a file.

In: a `bench.measure.capturable.Subject`. Out: a `Capture`: the bytes of a safetensors file as `bench.data.captures`
reads it, and what is to be told of calls that could not be kept. Never a capture of nothing: where no attention was
seen, or none that a case is like, the user is told why.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from bench.data import captures
from bench.data.packages import require
from bench.errors import UsageError
from bench.measure.capturable import Subject, blaming
from bench.measure.recording import Attended, LeftOut, Recording, record

__all__ = ["Capture", "capture"]

_REMEDY = "call torch.nn.functional.scaled_dot_product_attention or nn.MultiheadAttention in it"


@dataclasses.dataclass(frozen=True, slots=True)
class Capture:
    """A file that is not written yet."""

    data: bytes
    """All of it."""
    file_name: str
    """How `bench.data.captures` calls it."""
    notices: tuple[str, ...]
    """What was not kept, or not all of it, a sentence each."""


def capture(
    subject: Subject, *, name: str | None = None, layers: Collection[int] | None = None, half: bool = False
) -> Capture:
    """Runs a subject once and gives q, k, v of its attentions as a file.

    Args:
        subject: what is run.
        name: of the capture; absent: the subject's with its number of tokens.
        layers: which calls of an attention to keep, from 0; absent: all.
        half: keep float16 in place of float32: half the bytes, rounded by up to 2^-11.

    Raises:
        UsageError: safetensors is not installed; the module fails; no attention was seen, or none that can be an
            input, or not all of `layers`; or values are not finite.
    """
    require("bench capture", "safetensors")
    from safetensors.torch import save

    with contextlib.nullcontext() if subject.ours else blaming(subject.model):
        seen = record(subject.module, subject.args, subject.kwargs, layers=layers)
    if seen.calls == 0:
        raise _unseen(subject, seen.by_hand)
    _check(subject.model, seen, layers)
    dtype = torch.float16 if half else torch.float32
    kept = {each.index: {name: getattr(each, name).to(dtype) for name in captures.NAMES} for each in seen.attended}
    _check_finite(subject.model, kept, half)
    facts = {str(each.index): _facts(each, kept[each.index]) for each in seen.attended}
    about = {
        "definition": captures.DEFINITION,
        "name": name or f"{subject.name}_n{seen.attended[0].q.shape[-2]}",
        "modality": subject.modality,
        **subject.origin,
        "layers": facts,
    }
    tensors = {f"{index}.{name}": tensor for index, layer in kept.items() for name, tensor in layer.items()}
    # one entry, since the order of several is not defined, and the same capture is to be the same file
    data = save(tensors, {"bench": json.dumps(about, sort_keys=True)})
    file_name = captures.file_name(about["name"], [fact["sha256"] for fact in facts.values()])
    return Capture(data, file_name, (*subject.notices, *_notices(seen)))


def _unseen(subject: Subject, by_hand: int) -> UsageError:
    """Gives why no call of an attention was seen, as far as it is known, and the remedy."""
    found = "none of its attentions can be seen"
    if any(isinstance(part, torch.jit.ScriptModule) for part in subject.module.modules()):
        return UsageError(subject.model, f"{found}: TorchScript has compiled it", "the module that it was made from")
    if by_hand:
        found += f"; its own code takes a softmax over n × n scores {by_hand} times"
    return UsageError(subject.model, found, _REMEDY)


def _check(model: str, seen: Recording, layers: Collection[int] | None) -> None:
    """Sees to it that what was asked for was recorded, and something at all."""
    reasons = {left.index: left.reason for left in seen.left_out}
    kept = {each.index for each in seen.attended}
    for layer in sorted(set(layers or ()) - kept):
        has = f"layers are 0 to {seen.calls - 1}"
        raise UsageError(f"--layers {layer}", reasons.get(layer, f"{model} has no such layer"), has)
    if not kept:
        index, reason = next(iter(reasons.items()))
        raise UsageError(model, f"none of its {seen.calls} attentions can be an input; layer {index}: {reason}")


def _check_finite(model: str, kept: dict[int, dict[str, Tensor]], half: bool) -> None:
    for index, tensors in kept.items():
        if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            right = "leave --half out if float16 is too narrow" if half else "what it is fed with, or its weights"
            raise UsageError(model, f"layer {index} has values that are not finite", right)


def _facts(attended: Attended, tensors: dict[str, Tensor]) -> dict[str, Any]:
    dtype = str(next(iter(tensors.values())).dtype).removeprefix("torch.")
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    data = {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}
    return {
        "module": attended.module,
        "causal": attended.causal,
        "masked": attended.masked,
        "scale": attended.scale,
        "sha256": captures.digest(dtype, shapes, data),
    }


def _notices(seen: Recording) -> tuple[str, ...]:
    notices = [f"{_place(left)} is left out: {left.reason}" for left in seen.left_out]
    notices += [
        f"{_place(each)} stood under a mask or a bias, which is not kept: what is measured is plain attention over "
        "its q, k, v"
        for each in seen.attended
        if each.masked
    ]
    if seen.by_hand:
        notices.append(f"its own code took a softmax over n × n scores {seen.by_hand} times: not seen, not kept")
    return tuple(notices)


def _place(call: Attended | LeftOut) -> str:
    return f"layer {call.index} ({call.module})" if call.module else f"layer {call.index}"
