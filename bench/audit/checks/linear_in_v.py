"""An attention weighs values: a sum of values gives the sum of outputs."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "The output is linear in v, so that it is a matrix times v."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core`."""
    return isinstance(operator, Attention) and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "linear in v" if getattr(operator, "linear_in_v", False) else ""


def observe(subject: Subject) -> Observation:
    """Adds the outputs of two draws of v and holds them against the output of their sum."""
    return search(subject, subject.sizes(("core",)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors, other = given(case), given(case, seed=1)["v"]
    apart = output(case, tensors) + output(case, {**tensors, "v": other})
    off = distance(output(case, {**tensors, "v": tensors["v"] + other}), apart)
    yield Trial(case=case, did="adding up values instead of outputs changes the output", off=off)
