"""What is given stays as it is: no input is modified in place."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "A call modifies no input in place."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "inputs stay as they are"


def observe(subject: Subject) -> Observation:
    """Compares the inputs' bits before and after a call of each form."""
    forms = subject.forms()
    return search(subject, [c for form in forms for c in subject.sizes(lengths=(1, 3, 8, 33), **form)], _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors, same = given(case), given(case)
    workload.build(case, tensors).call()
    for key, tensor in tensors.items():
        off = 0.0 if torch.equal(tensor, same[key]) else distance(tensor.double(), same[key].double())
        yield Trial(case=case, did=f"a call changes {key}", off=off, allowed=0.0)
