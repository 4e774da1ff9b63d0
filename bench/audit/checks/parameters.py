"""How many weights there are, frozen ones too, against the closed form."""

from __future__ import annotations

from bench.audit.counted import against_closed_form
from bench.audit.observation import Observation
from bench.audit.subject import Subject
from bench.measure.metrics import parameters
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "It has as many weights as the closed form says."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words; of a package's the count is reported beside our closed form."""
    return "" if operator.package else "as many weights as the closed form"


def observe(subject: Subject) -> Observation:
    """Counts at every scope and phase."""
    cases = subject.cases()
    return against_closed_form(
        subject,
        cases,
        lambda cost, case: cost.parameters,
        lambda built: parameters.measure(built)["parameters_counted"],
    )
