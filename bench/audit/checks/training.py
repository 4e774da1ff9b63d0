"""A step of training reaches what is trainable and leaves W0 and whatever else is frozen alone."""

from __future__ import annotations

import torch

from bench.audit.observation import Observation
from bench.audit.subject import Subject, calling, given
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "A training step gives every trainable weight a gradient and leaves the frozen ones as they were."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: where there is a phase `train`."""
    return "train" in operator.phases


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "trains the trainable, leaves the frozen"


def observe(subject: Subject) -> Observation:
    """Takes one step of AdamW at each scope."""
    cases = [case for case in subject.cases(phases=("train",)) if not subject.failure(case)]
    for case in cases:
        evidence = f"{case.case_id}, seed 0"
        with calling(case):
            built = workload.build(case, given(case))
            weights = dict(built.module.named_parameters()) if built.module is not None else {}
            before = {key: weight.detach().clone() for key, weight in weights.items()}
            built.call()
        idle = [key for key, w in weights.items() if w.requires_grad and (w.grad is None or not w.grad.any())]
        if idle:
            return Observation(False, f"no gradient for {', '.join(idle[:3])}", evidence)
        moved = [key for key, w in weights.items() if not w.requires_grad and not torch.equal(w, before[key])]
        if moved:
            return Observation(False, f"a step changes the frozen {', '.join(moved[:3])}", evidence)
    return Observation(True if cases else None, f"{len(cases)} steps" if cases else subject.why_not())
