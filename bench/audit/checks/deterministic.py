"""Set up twice, it gives the same bits: what is drawn comes from the case's seed."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Set up twice with one seed, whatever was drawn elsewhere in between, it gives the same bits."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "the same bits again"


def observe(subject: Subject) -> Observation:
    """Builds and calls twice, with torch's global generator in two states; the train step too."""
    cases = [*subject.sizes(), *subject.cases(phases=("train",), scopes=("core", "layer", "projection"))]
    return search(subject, cases, _probe)


def _probe(case: Case) -> Iterator[Trial]:
    outputs = []
    for state in (0, 1):
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(state)
            outputs.append(workload.build(case, given(case)).call().detach())
    off = 0.0 if torch.equal(*outputs) else max(distance(*outputs), 1e-300)
    yield Trial(case=case, did="setting it up again changes the output", off=off, allowed=0.0)
