"""How much memory a case takes, from closed forms alone: nothing is measured and torch is not needed."""

from __future__ import annotations

from collections.abc import Iterable

from bench import operators
from bench.case import Case
from bench.cost import Cost
from bench.data import models

__all__ = ["alive_bytes", "estimated_cost", "memory_bytes"]


def estimated_cost(case: Case) -> Cost:
    """Gives closed forms by which a case is planned: its own, and of a task those of the blocks alone.

    A pretrained model counts as that many blocks of ours; what stands before and after them is left out.
    """
    if case.task is not None:
        depth = models.load(case.model).LAYERS if case.model else case.layers
        case = case.replace(task=None, model=None, layers=depth)
    return operators.cost(case)


def memory_bytes(case: Case) -> int:
    """Gives the bytes of tensors that are alive at the worst moment of a call of a case.

    Inputs, weights, a cache, AdamW's two moments of each trained weight (phase `train`, beyond scope `core`, where
    nothing is trained), and the closed form of the call's own peak, gradients included. It assumes one element size
    throughout; torch itself and the process around it come on top. Of another package it says what ours would take.
    """
    cost = estimated_cost(case)
    moments = 2 * cost.trainable_parameters if case.phase == "train" and case.scope != "core" else 0
    elements = _input_elements(case) + cost.parameters + moments
    total: int = case.element_bytes * elements + (cost.kv_cache_bytes or 0) + cost.peak_bytes(case.phase)
    return total


def alive_bytes(cases: Iterable[Case]) -> int:
    """Gives the tensor bytes of cases that are alive together: all at rest but one, which is at its worst moment."""
    peaks: dict[Case, int] = {case: estimated_cost(case).peak_bytes(case.phase) for case in cases}
    return sum(memory_bytes(case) - peak for case, peak in peaks.items()) + max(peaks.values())


def _input_elements(case: Case) -> int:
    """Gives the size of q, k and v at scope `core`, of x elsewhere."""
    if case.scope == "core":
        return case.batch_size * case.seq_len * (case.head_dim or 0) * ((case.num_heads or 0) + 2 * case.kv_heads)
    return case.batch_size * case.seq_len * case.hidden_size
