"""What goes in in a dtype comes out in it, finite; adapters of float32 on a bfloat16 base too."""

from __future__ import annotations

from bench.audit.observation import Observation
from bench.audit.subject import Subject, calling, given
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "What goes in in a dtype comes out in it, and is finite."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: always."""
    return True


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "out in the dtype that went in"


def observe(subject: Subject) -> Observation:
    """Calls every scope and phase in four dtypes, and where an adapter may have its own, in float32 on bfloat16."""
    changes = [{"dtype": dtype} for dtype in ("float64", "float32", "bfloat16", "float16")]
    if subject.operator.takes_adapter_dtype:
        changes.append({"dtype": "bfloat16", "adapter_dtype": "float32"})
    cases = [case for change in changes for case in subject.cases(**change)]
    for case in cases:
        evidence = f"{case.case_id}, seed 0"
        with calling(case):
            found = workload.build(case, given(case)).call()
        if str(found.dtype) != f"torch.{case.dtype}":
            return Observation(
                False, f"{case.dtype} comes out as {str(found.dtype).removeprefix('torch.')}", evidence
            )
        if not bool(found.isfinite().all()):
            return Observation(False, "the output is not finite", evidence)
    return Observation(True if cases else None, f"{len(cases)} cases" if cases else subject.why_not())
