"""The scale of an update is α over something: twice the α is twice the update."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance
from bench.case import Case
from bench.operators._base import Adapter, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Twice the option alpha is twice the update, and the update is proportional to it."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: adapters at scope `projection` with an option `alpha`."""
    return isinstance(operator, Adapter) and "alpha" in operator.options and "projection" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words; none where the update is normalised or taken out of W0."""
    return "update proportional to alpha" if getattr(operator, "scales_update", False) else ""


def observe(subject: Subject) -> Observation:
    """Builds with alpha 16 and 32 and holds twice the first update against the second."""

    def probe(case: Case) -> Iterator[Trial]:
        updates = []
        for alpha in (16.0, 32.0):
            module, weight, x = subject.adapted(case.replace(options=(("alpha", alpha),)), perturbed=True)
            updates.append((module(x) - F.linear(x, weight)).detach())
        off = distance(updates[1], 2 * updates[0])
        yield Trial(case=case, did="doubling alpha changes the update from its double", off=off)

    return search(subject, subject.sizes(("projection",), lengths=(1, 3, 33)), probe)
