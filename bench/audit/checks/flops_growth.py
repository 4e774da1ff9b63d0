"""How FLOPs grow with the length: the fitted exponent against the closed form's."""

from __future__ import annotations

from bench.audit.growth import growth
from bench.audit.observation import Observation
from bench.audit.subject import Subject
from bench.measure.metrics import flops
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "FLOPs grow with n as the closed form says."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: where tokens meet, not at a projection."""
    return bool(operator.scopes & {"core", "layer"}) and operator.family != "adapter"


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "grows as the closed form"


def observe(subject: Subject) -> Observation:
    """Counts at three lengths and fits an exponent."""
    return growth(
        subject,
        lambda cost: cost.flops("forward") - cost.counter_gap("forward"),
        lambda built: flops.measure(built).get("flops_counted"),
    )
