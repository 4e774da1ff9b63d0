"""What comes out has the shape that the contract says, and no shape that is supported raises."""

from __future__ import annotations

import torch

from bench.audit.observation import Observation
from bench.audit.subject import CallError, Subject, calling, given, output
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Every supported case is computed, and its output has q's shape with v's width (or the projection's)."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "q's shape with v's width" if "core" in operator.scopes else "x's shape with the projection's width"


def observe(subject: Subject) -> Observation:
    """Calls every scope at every length; at `core` also with v of twice the width of q, which is reported only."""
    count, wider = 0, ""
    for case in subject.sizes(("projection", "core", "layer")):
        tensors = given(case)
        first = next(iter(tensors.values()))
        width = case.out_size if case.scope == "projection" else first.shape[-1]
        if reason := subject.failure(case):
            return Observation(False, f"raises {reason}", f"{case.case_id}, seed 0")
        found = tuple(output(case, tensors).shape)
        if found != (*first.shape[:-1], width):
            return Observation(False, f"shape {found}, not {(*first.shape[:-1], width)}", f"{case.case_id}, seed 0")
        count += 1
        if case.scope == "core":
            wide = {**tensors, "v": torch.cat([tensors["v"], tensors["v"]], dim=-1)}
            expected = (*first.shape[:-1], 2 * width)
            try:
                with calling(case):
                    same = tuple(output(case, wide).shape) == expected
                wider = "" if same else "; of wider v it gives another shape"
            except CallError as raised:
                wider = f"; of wider v it raises {raised.reason.partition(':')[0]}"
            if wider and not subject.foreign:
                return Observation(False, f"v of width {2 * width}{wider}", f"{case.case_id}, seed 0")
    return Observation(True if count else None, f"{count} shapes{wider}" if count else subject.why_not())
