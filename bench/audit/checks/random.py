"""What is drawn must be told: the seed changes the output exactly where the operator says so."""

from __future__ import annotations

import torch

from bench.audit.observation import Observation
from bench.audit.subject import Subject, given, output
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "The seed of the operator's own draws changes the output exactly where it says so."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core`, which have no weights to draw."""
    return isinstance(operator, Attention) and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "depends on a draw" if operator.random else "depends on no draw"


def observe(subject: Subject) -> Observation:
    """Builds with two seeds and compares the bits on the same inputs."""
    cases = subject.cases(("core",), ("forward",))
    if not cases:
        return Observation(None, subject.why_not())
    case = cases[0]
    if reason := subject.failure(case):
        return Observation(False, f"raises {reason}", f"{case.case_id}, seed 0")
    same = torch.equal(output(case, given(case)), output(case.replace(seed=case.seed + 1), given(case)))
    seen = "another seed gives the same bits" if same else "another seed gives another output"
    return Observation(same != subject.operator.random, seen, f"{case.case_id}, seeds 0 and 1")
