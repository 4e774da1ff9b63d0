"""eval() and train() are to change nothing: no dropout, no redraw, no merge that shows in the output."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "eval() and train() change nothing in the output."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "eval() equals train()"


def observe(subject: Subject) -> Observation:
    """Calls what has modes in train(), in eval(), and in train() again; a function has none."""
    return search(subject, subject.sizes(lengths=(1, 3, 8, 33)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    built = workload.build(case, given(case))
    if built.module is None:
        yield Trial(case=case, did="a function has no modes; they differ", off=0.0)
        return
    outputs = []
    for mode in (True, False, True):
        built.module.train(mode)
        outputs.append(built.forward().detach())
    yield Trial(case=case, did="eval() changes the output", off=distance(outputs[1], outputs[0]))
    yield Trial(case=case, did="train() after eval() changes the output", off=distance(outputs[2], outputs[0]))
