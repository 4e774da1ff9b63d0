"""Closed forms against what is counted: weights, FLOPs, bytes kept for the backward pass, peak memory."""

from __future__ import annotations

from typing import Any

from bench import operators
from bench.measure import workload
from bench.measure.metrics import flops, memory, saved
from bench.testing._subject import case_of, cases, claim, forms, given

__all__ = ["check_flops", "check_parameters", "check_peak_bytes", "check_saved_bytes"]

_PEAK_FACTOR = 1.5


def check_parameters(name: str) -> None:
    """Weights, and those among them that require a gradient, are as many as `cost` says."""
    for case in cases(name):
        module, cost = workload.build(case, given(case)).module, operators.load(name).cost(case)
        weights = list(module.parameters()) if module is not None else []
        counted = (sum(w.numel() for w in weights), sum(w.numel() for w in weights if w.requires_grad))
        claimed = (cost.parameters, cost.trainable_parameters)
        claim(counted == claimed, name, f"{claimed} parameters and trainable ones at {case.case_id}", counted)


def check_flops(name: str) -> None:
    """torch's count of a call equals the closed form less the declared gap, in every form that is claimed."""
    for case in [case for change in forms(name) for case in cases(name, **change)]:
        cost = operators.load(name).cost(case)
        claimed = cost.flops(case.phase) - cost.counter_gap(case.phase)
        counted = flops.measure(workload.build(case, given(case)))["flops_counted"]
        claim(counted == claimed, name, f"{claimed} FLOPs counted at {case.case_id}", counted)


def check_saved_bytes(name: str) -> None:
    """What autograd keeps for the backward pass, one count a storage, is to the byte what `cost` says."""
    for case in [case for case in cases(name, dtype="float32") if case.phase == "train"]:
        claimed = operators.load(name).cost(case).saved_bytes
        counted = saved.measure(workload.build(case, given(case)))["saved_for_backward_bytes"]
        claim(counted == claimed, name, f"to keep {claimed} bytes at {case.case_id}", counted)


def check_peak_bytes(name: str) -> None:
    """The closed form of the peak is within a factor of 1.5 of the measured one at 256 tokens, as a plan needs it."""
    for small in cases(name):
        shape: dict[str, Any] = {"seq_len": 256, "batch_size": 1, "hidden_size": 256, "dtype": "float32"}
        shape |= {"out_features": 192} if small.scope == "projection" else {"num_heads": 4, "head_dim": 64}
        case = case_of(name, small.scope, small.phase, **shape, rank=32 if operators.load(name).has_rank else None)
        claimed = operators.load(name).cost(case).peak_bytes(case.phase)
        measured = memory.measure(workload.build(case, given(case)))["peak_tensor_bytes"]
        near = measured / _PEAK_FACTOR <= claimed <= measured * _PEAK_FACTOR
        claim(near, name, f"a peak of {claimed} bytes at {case.case_id}", measured)
