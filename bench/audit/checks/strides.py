"""How an input lies in memory is not to matter, but for its last dimension, which kernels want contiguous."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Inputs that are contiguous in their last dimension only give what contiguous ones give."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "any strides but the last"


def observe(subject: Subject) -> Observation:
    """Feeds tokens that lie apart, as the projections of a layer give them, and every second sample of a batch."""
    return search(subject, subject.sizes(lengths=(1, 3, 8, 33)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors = given(case)
    before = output(case, tensors)
    apart = {key: _apart(tensor) for key, tensor in tensors.items()}
    every = {key: torch.stack([t, t], dim=0).transpose(0, 1).flatten(0, 1)[::2] for key, t in tensors.items()}
    for what, views in {"tokens that lie apart": apart, "every second sample of a larger batch": every}.items():
        yield Trial(case=case, did=f"feeding {what} changes the output", off=distance(output(case, views), before))


def _apart(tensor: torch.Tensor) -> torch.Tensor:
    """Gives the same with tokens that lie apart: heads between them, or, of x ``[b, n, d]``, other tokens."""
    if tensor.dim() == 3:
        return tensor.repeat_interleave(2, dim=1)[:, ::2]
    return tensor.transpose(1, -2).contiguous().transpose(1, -2)
