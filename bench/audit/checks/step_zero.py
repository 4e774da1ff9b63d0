"""An adapter in its published initial state is its base: step 0 of a fine-tuning is the pretrained model."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance
from bench.case import Case
from bench.operators._base import Adapter, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "At step 0 it gives what its base gives."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: adapters at scope `projection`."""
    return isinstance(operator, Adapter) and "projection" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words; none where the operator starts elsewhere, as one that is merged already."""
    return "its base at step 0" if getattr(operator, "starts_as_base", False) else ""


def observe(subject: Subject) -> Observation:
    """Holds its output against W0 x, W0 copied before it was built."""

    def probe(case: Case) -> Iterator[Trial]:
        module, weight, x = subject.adapted(case, perturbed=False)
        off = distance(module(x), F.linear(x, weight))
        yield Trial(case=case, did="at step 0 the output differs from the base's", off=off)

    return search(subject, subject.sizes(("projection",), lengths=(1, 3, 33)), probe)
