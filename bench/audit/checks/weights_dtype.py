"""An adapter's own weights are in the dtype that is asked for, and no silent cast makes them another."""

from __future__ import annotations

from bench.audit.observation import Observation
from bench.audit.subject import Subject
from bench.operators._base import Adapter, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "An adapter's weights have the dtype that was asked for, and its output has the base's."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: adapters at scope `projection`."""
    return isinstance(operator, Adapter) and "projection" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "weights in the dtype asked for"


def observe(subject: Subject) -> Observation:
    """Builds in three dtypes, and where it may have its own, float32 on bfloat16."""
    asked = [{"dtype": dtype} for dtype in ("float64", "float32", "bfloat16")]
    if subject.operator.takes_adapter_dtype:
        asked.append({"dtype": "bfloat16", "adapter_dtype": "float32"})
    cases = [case for change in asked for case in subject.cases(("projection",), ("forward",), **change)]
    for case in cases:
        module, _, x = subject.adapted(case, perturbed=True)
        own = {str(w.dtype).removeprefix("torch.") for w in module.parameters() if w.requires_grad}
        found = str(module(x).dtype).removeprefix("torch.")
        wanted = case.adapter_dtype or case.dtype
        if not own <= {wanted} or found != case.dtype:
            words = f"weights in {', '.join(sorted(own)) or 'no dtype'} where {wanted} was asked for, output {found}"
            return Observation(False, words, f"{case.case_id}, seed 0")
    return Observation(True if cases else None, f"{len(cases)} cases" if cases else subject.why_not())
