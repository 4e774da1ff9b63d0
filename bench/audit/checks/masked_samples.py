"""A sample of which nothing is there must give 0, not NaN, and gradients that are finite."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, given
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "A sample whose keys are all masked gives 0, with finite gradients, and so do those beside it."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions only."""
    return isinstance(operator, Attention)


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "0 and finite gradients where all keys are masked" if getattr(operator, "mask", False) else ""


def observe(subject: Subject) -> Observation:
    """Masks all keys of sample 0 and none of sample 1, forward and, where there is one, backward."""
    if not claimed(subject.operator):
        return Observation(None, "takes no key mask")
    phase = "train" if "train" in subject.operator.phases else "forward"
    return search(subject, subject.sizes(("core",), phase=phase, mask="padding"), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors = given(case)
    tensors["mask"] = torch.ones_like(tensors["mask"])
    tensors["mask"][0] = False
    built = workload.build(case, tensors)
    found = built.call().detach()
    largest = float(found[0].abs().max())
    yield Trial(case=case, did="the output of a sample whose keys are all masked differs from 0", off=largest)
    others = [found[1:], *(tensor.grad for tensor in built.inputs.values() if tensor.grad is not None)]
    worst = max(0.0 if bool(tensor.isfinite().all()) else float("inf") for tensor in others)
    yield Trial(case=case, did="outputs or gradients beside it differ from finite ones", off=worst)
