"""What autograd keeps for the backward pass, one count a storage, against the closed form."""

from __future__ import annotations

from bench.audit.counted import against_closed_form
from bench.audit.observation import Observation
from bench.audit.subject import Subject
from bench.measure.metrics import saved
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Autograd keeps, to the byte, what the closed form says."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: where there is a phase `train`."""
    return "train" in operator.phases


def claimed(operator: Operator) -> str:
    """Gives the claim in words; of a package's the count is reported beside our closed form."""
    return "" if operator.package else "bytes kept of the closed form"


def observe(subject: Subject) -> Observation:
    """Counts the storages of a forward pass in float32."""
    cases = subject.cases(phases=("train",), dtype="float32")
    return against_closed_form(
        subject,
        cases,
        lambda cost, case: cost.saved_bytes,
        lambda built: saved.measure(built)["saved_for_backward_bytes"],
    )
