"""Counts beside closed forms: what both of a case say, and the first case in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench.audit.observation import Observation
from bench.audit.subject import Subject, calling, given
from bench.case import Case
from bench.cost import Cost
from bench.measure import workload
from bench.measure.metrics import memory

__all__ = ["against_closed_form", "peak_bytes"]


def against_closed_form(
    subject: Subject,
    cases: Iterable[Case],
    closed_form: Callable[[Cost, Case], float],
    count: Callable[[workload.Workload], float | None],
    *,
    factor: float = 1.0,
) -> Observation:
    """Holds a count against the closed form of the definition, whoever implements it.

    Args:
        subject: the implementation.
        cases: to be counted.
        closed_form: gives the number of a case's cost.
        count: counts in what was built; nothing where it cannot.
        factor: by which the two may differ.
    """
    compared: list[tuple[Case, float, float]] = []
    for case in cases:
        if subject.failure(case):
            continue
        with calling(case):
            counted = count(workload.build(case, given(case)))
        if counted is not None:
            compared.append((case, closed_form(subject.operator.cost(case), case), counted))
    for case, claimed, counted in compared:
        if not claimed / factor <= counted <= claimed * factor:
            times = f" (×{counted / claimed:.3g})" if claimed and abs(counted / claimed - 1) > 0.005 else ""
            words = f"{counted:,.0f} counted, {claimed:,.0f} by closed form{times}"
            return Observation(False, words, f"{case.case_id}, seed 0")
    if compared:
        return Observation(True, f"as the closed form in {len(compared)} cases")
    return Observation(None, subject.why_not())


def peak_bytes(built: workload.Workload) -> float:
    """Gives the worst moment of a call: of live tensors on the CPU, of CUDA's allocator on CUDA."""
    found = memory.measure(built)
    return float(next(found[name] for name in ("peak_tensor_bytes", "peak_cuda_allocated_bytes") if name in found))
