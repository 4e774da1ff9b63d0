"""No hidden state: a call changes neither the next one nor any weight or buffer."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Calling it changes neither the next call's output nor any weight or buffer."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "no hidden state"


def observe(subject: Subject) -> Observation:
    """Calls three times, with another input in between, and compares outputs, weights and buffers."""
    return search(subject, subject.sizes(lengths=(1, 3, 8, 33)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    built = workload.build(case, given(case))
    held = dict(built.module.state_dict()) if built.module is not None else {}
    before = {key: tensor.clone() for key, tensor in held.items()}
    first = built.forward().detach().clone()
    yield Trial(case=case, did="a second call changes the output", off=distance(built.forward().detach(), first))
    for tensor in built.inputs.values():
        if tensor.is_floating_point():
            tensor.mul_(2.0)
    built.forward()
    for tensor in built.inputs.values():
        if tensor.is_floating_point():
            tensor.div_(2.0)
    off = distance(built.forward().detach(), first)
    yield Trial(case=case, did="a call with another input in between changes the output", off=off)
    moved = sum(not torch.equal(tensor, before[key]) for key, tensor in held.items())
    yield Trial(case=case, did="calls change weights or buffers,", off=float(moved), allowed=0.0)
