"""A sample's output depends on no other sample of the batch, nor on how many there are."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Replacing or removing one sample changes the output of no other."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "samples apart"


def observe(subject: Subject) -> Observation:
    """Replaces sample 1 by another draw and by one thirty times as large, and takes it away."""
    return search(subject, subject.sizes(), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors = given(case)
    before = output(case, tensors)[:1]
    alone = output(case.replace(batch_size=1), {key: tensor[:1] for key, tensor in tensors.items()})
    yield Trial(case=case, did="taking sample 1 away changes sample 0", off=distance(before, alone))
    for magnitude in (1.0, 30.0):
        other = given(case, seed=1, magnitude=magnitude)
        changed = {key: t.clone() for key, t in tensors.items()}
        for key, tensor in changed.items():
            tensor[1] = other[key][1]
        off = distance(output(case, changed)[:1], before)
        yield Trial(case=case, did=f"replacing sample 1 by one from N(0, {magnitude:g}²) changes sample 0", off=off)
