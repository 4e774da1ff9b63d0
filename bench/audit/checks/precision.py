"""Rounding: the error of half and single precision against float64 on the same rounded inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bench.audit.observation import Observation
from bench.audit.subject import Subject, calling, given, output, softmax_attention
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = (
    "In each dtype exact attention errs at most twice, on CUDA four times as much as the plain formula in that dtype."
)


_FACTOR = {"cpu": 2, "cuda": 4}
"""device -> how many times the formula's error is allowed; CUDA's memory-efficient kernel errs 2.6 times as much."""
_DTYPES = ("float32", "bfloat16", "float16")
_LENGTHS = (2, 3, 5, 8, 16, 33)


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: all scopes below `model`."""
    return bool(operator.scopes & {"projection", "core", "layer"})


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    exact = isinstance(operator, Attention) and operator.exact and "core" in operator.scopes
    return "at most twice the plain formula's error, on CUDA four times" if exact else ""


def observe(subject: Subject) -> Observation:
    """Pools the errors of a dtype over lengths and two magnitudes of scores; without a claim it reports them."""
    scope = next((s for s in ("core", "projection", "layer") if s in subject.operator.scopes), "layer")
    told, cases = [], list(subject.sizes((scope,), lengths=_LENGTHS))
    cases = [case for case in cases if not subject.failure(case)]
    for dtype in _DTYPES if cases else ():
        errors = []
        for case in (each.replace(dtype=dtype) for each in cases):
            with calling(case):
                errors += [_errors(case, magnitude) for magnitude in (1.0, 4.0)]
        own, plain = (float(np.max([pair[i] for pair in errors])) for i in (0, 1))  # NaN where one is
        if claimed(subject.operator) and not own <= _FACTOR[subject.device] * plain:
            words = f"{dtype} errs by {own:.1e}, the formula by {plain:.1e}"
            return Observation(False, words, f"{cases[-1].case_id} and shorter, seed 0")
        told.append(
            f"{dtype} {own:.1e}" + (f" ({own / plain:.2g} × the formula's)" if claimed(subject.operator) else "")
        )
    if not told:
        return Observation(None, subject.why_not())
    return Observation(True if claimed(subject.operator) else None, "; ".join(told))


def _errors(case: Case, magnitude: float) -> tuple[float, float]:
    """The implementation's and the plain formula's largest error against float64 on the rounded inputs."""
    rounded = given(case, magnitude=magnitude)
    wide: dict[str, Any] = {key: t.double() for key, t in rounded.items()}
    found = output(case, rounded).double()
    if case.scope != "core":
        return _far(found, output(case.replace(dtype="float64"), wide)), 0.0
    plain = softmax_attention(case, rounded).double()
    exact = output(case.replace(dtype="float64"), wide)
    return _far(found, exact), _far(plain, softmax_attention(case, wide))


def _far(found: torch.Tensor, exact: torch.Tensor) -> float:
    return float((found - exact).abs().max() / exact.abs().max())
