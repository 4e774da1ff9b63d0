"""How far a case's output is from what it stands for: model error and rounding error, apart.

Model error: the operator in float64 against exact attention (or the operator it names as its reference) in float64,
on the same inputs, already rounded to the case's dtype. Rounding error: the operator in its dtype against itself in
float64. Errors are relative Frobenius norms pooled over heads, of the queries that are there. Of more than
`reference.MATRIX_UP_TO` tokens no matrix is formed: an approximation has an error of the output only, and of an exact
operator the last queries are judged, which it computes as so many queries, while it rounds against exact attention.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bench import operators
from bench.case import Case
from bench.column import Column
from bench.measure import reference, workload
from bench.measure.workload import Workload
from bench.operators._base import Attention, Operator
from bench.operators._queries import of_present_queries

__all__ = ["columns", "kind", "measure"]

kind = "accuracy"
columns = (
    Column(
        "attention_rel_error",
        "‖Â - A‖ / ‖A‖ of the attention matrix in float64, A that of exact attention or of the operator's own "
        "reference; absent where the operator has none.",
        better="lower",
    ),
    Column("attention_rel_error_p10", "10th percentile of the same over 20 draws of a random operator."),
    Column("attention_rel_error_p90", "90th percentile of the same."),
    Column(
        "output_rel_error",
        "‖Ô - O‖ / ‖O‖ of the output in float64 against exact attention, or against the operator's own reference.",
        better="lower",
    ),
    Column("output_rel_error_p10", "10th percentile of the same over 20 draws of a random operator."),
    Column("output_rel_error_p90", "90th percentile of the same."),
    Column("rounding_rel_error", "The operator in its dtype against itself in float64.", better="lower"),
)

_DRAWS = 20
_LAST = 256
"""Queries of an exact operator that are judged where whole matrices are too large; some hold all their scores."""
_TOKENS = 1024
"""Of a task's batch: a language model's logits take 400 kB a token in float64, and three networks have them."""


def measure(built: Workload) -> dict[str, Any]:
    """Gives the errors of a case at its scope; what has no meaning there is absent."""
    case = built.case
    operator = operators.of(case)
    phase = "decode" if case.phase == "decode" else "forward"
    exact_case = case.replace(dtype="float64", adapter_dtype=None, device="cpu", compiled=False, phase=phase)
    samples = slice(None if case.task is None else max(1, _TOKENS // case.seq_len))
    inputs = {name: _double(tensor[samples]) for name, tensor in built.inputs.items()}
    if case.scope == "core" and phase == "forward":
        return _core_errors(built, exact_case, inputs, operator)
    there = inputs["mask"] if case.task is None and "mask" in inputs else slice(None)  # of a task each is a sample
    doubled = _output(exact_case, inputs)[there]
    found = {"rounding_rel_error": reference.relative_error(_double(built.forward()[samples])[there], doubled)}
    if operator.approximates and (stands_for := _reference(operator, exact_case)) is not None:
        found["output_rel_error"] = reference.relative_error(doubled, _output(stands_for, inputs)[there])
    return found


def _reference(operator: Operator, case: Case) -> Case | None:
    """The operator's own reference; for an attention without one, the same layer with exact attention.

    A network with drawn weights that is to be trained on a task has none: before that no output is right.
    """
    if case.application == "trained":
        return None
    named = operator.reference_case(case)
    if named is None and isinstance(operator, Attention):
        named = case.replace(operator="sdpa", rank=None, options=())
    return named and named.replace(provider=operators.load(named.operator).provider)


def _double(tensor: torch.Tensor) -> torch.Tensor:
    moved = tensor.detach().cpu()
    return moved.double() if moved.is_floating_point() else moved


def _output(case: Case, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return workload.build(case, given=inputs).forward()


def _core_errors(
    built: Workload, exact_case: Case, inputs: dict[str, torch.Tensor], operator: Operator
) -> dict[str, Any]:
    case, heads = built.case, reference.heads_for(built.case)
    group = (case.num_heads or 1) // case.kv_heads
    kv = sorted({head // group for head in heads})
    q, k, v = inputs["q"][:1, heads], inputs["k"][:1, kv], inputs["v"][:1, kv]
    mask = inputs["mask"][:1] if "mask" in inputs else None
    masks = () if mask is None else (mask,)  # an attention that takes no mask need not have the argument
    named = operator.reference_case(exact_case)
    short = case.seq_len <= reference.MATRIX_UP_TO
    itself = short or not getattr(operator, "exact", False)
    draws = range((_DRAWS if operator.random else 1) if operator.approximates else 0)
    judged = slice(None if itself else -_LAST, None)
    present = None if mask is None or not itself else mask
    has_matrix = bool(draws) and short and operator.wide_v and getattr(operator, "linear_in_v", False)
    of_output, of_matrix = [], []
    with torch.no_grad():
        matrix = None
        if named is None:
            exact = reference.attention(q, k, v, causal=case.causal, mask=mask)
            if has_matrix:
                matrix = reference.attention_matrix(q, k, causal=case.causal, mask=mask)
        else:  # it stands for another operator, not for softmax attention
            stands_for = workload.attention_of(named.replace(provider=operators.load(named.operator).provider))
            exact = stands_for(q, k, v, *masks)
            if has_matrix:
                matrix = reference.operator_matrix(stands_for, q, k, mask)
        for draw in draws:
            attend = workload.attention_of(exact_case.replace(seed=case.seed + draw))
            found = attend(q[..., judged, :], k, v, *masks)
            of_output.append(_error_of_present(found, exact[..., judged, :], present))
            if matrix is not None:
                of_matrix.append(_error_of_present(reference.operator_matrix(attend, q, k, mask), matrix, present))
        doubled = workload.attention_of(exact_case)(q, k, v, *masks) if itself else exact
    rounded = _double(built.forward())[:1, heads]
    return {
        "rounding_rel_error": _error_of_present(rounded, doubled, mask),
        **_over_draws("output_rel_error", of_output),
        **_over_draws("attention_rel_error", of_matrix),
    }


def _error_of_present(found: torch.Tensor, exact: torch.Tensor, mask: torch.Tensor | None) -> float:
    """Gives the relative error ``[b, h, n, …]`` over the queries that are there."""
    return reference.relative_error(of_present_queries(found, mask), of_present_queries(exact, mask))


def _over_draws(name: str, errors: list[float]) -> dict[str, float]:
    if not errors:
        return {}
    found = {name: float(np.median(errors))}
    if len(errors) > 1:
        found[f"{name}_p10"], found[f"{name}_p90"] = (float(x) for x in np.quantile(errors, [0.1, 0.9]))
    return found
