"""One token against a cache: the step gives what a forward pass over all tokens gives for the last of them."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "A step of phase decode gives the last row of a forward pass, and gives it again when it is repeated."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: where there is a phase `decode`."""
    return "decode" in operator.phases


def claimed(operator: Operator) -> str:
    """Gives the claim in words; of one that is calibrated on the tokens so far it is reported how far it is off."""
    return "" if getattr(operator, "calibrated", False) else "a step gives the last row"


def observe(subject: Subject) -> Observation:
    """Holds the step after n - 1 tokens against a forward pass over n, causal where there is such a form."""
    causal = {"causal": True} if getattr(subject.operator, "causal", False) else {}
    lengths = (2, 3, 5, 8, 16, 33)
    return search(subject, subject.sizes(("core", "layer"), phase="decode", lengths=lengths, **causal), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors = given(case)
    last = output(case.replace(phase="forward"), tensors)[..., -1:, :]
    built = workload.build(case, tensors)
    step = built.call().clone()
    yield Trial(case=case, did="a step with a cache changes the last row", off=distance(step, last))
    yield Trial(case=case, did="repeating the step changes it", off=distance(built.call(), step))
