"""A first call fixes nothing: another batch size after it gives what a fresh one gives."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Another batch size after a first call gives what a fresh set-up gives."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "" if getattr(operator, "fixed_batch", False) else "any batch size after any other"


def observe(subject: Subject) -> Observation:
    """Calls with 2 samples, then feeds the same set-up 1 and 5."""
    if not claimed(subject.operator):
        return Observation(None, "is set up for the samples of one batch")
    return search(subject, subject.sizes(lengths=(1, 3, 8, 33)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    built = workload.build(case, given(case))
    built.forward()
    for batch in (1, 5):
        other = case.replace(batch_size=batch)
        fresh = given(other, seed=1)
        for key, tensor in built.inputs.items():  # the set-up calls with what it holds
            tensor.data = fresh[key].clone()
        off = distance(built.forward().detach(), output(other, fresh))
        yield Trial(case=other, did=f"a call with 2 samples before one with {batch} changes it", off=off, seed=1)
