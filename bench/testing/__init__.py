"""The contract of an operator as functions, for our own tests and for authors of plug-ins.

An operator is named as the catalogue knows it: installed with an entry point ``bench.operators``, or added by
``bench.operators.catalogue.add_module``. Each check raises AssertionError with the operator, what it claims and what
was observed; a check of something that the operator does not claim passes. ::

    import bench.testing

    def test_my_operator_keeps_the_contract():
        bench.testing.check_operator("my_operator")
"""

from __future__ import annotations

from collections.abc import Callable

from bench import operators
from bench.operators._base import Adapter, Attention
from bench.testing._adapter import check_merge, check_perturb, check_training
from bench.testing._attention import (
    check_causal,
    check_exact,
    check_grouped_heads,
    check_linear_in_v,
    check_mask,
    check_matrix_rank,
    check_nonnegative,
    check_random,
    check_rows_sum_to_one,
)
from bench.testing._counted import check_flops, check_parameters, check_peak_bytes, check_saved_bytes
from bench.testing._declared import check_declaration, check_docstring, check_no_torch_in_a_plan, check_refusals
from bench.testing._observed import (
    check_batch_independence,
    check_deterministic,
    check_dtypes,
    check_gradients,
    check_shapes,
)

__all__ = [
    "Check",
    "check_batch_independence",
    "check_causal",
    "check_declaration",
    "check_deterministic",
    "check_docstring",
    "check_dtypes",
    "check_exact",
    "check_flops",
    "check_gradients",
    "check_grouped_heads",
    "check_linear_in_v",
    "check_mask",
    "check_matrix_rank",
    "check_merge",
    "check_no_torch_in_a_plan",
    "check_nonnegative",
    "check_operator",
    "check_parameters",
    "check_peak_bytes",
    "check_perturb",
    "check_random",
    "check_refusals",
    "check_rows_sum_to_one",
    "check_saved_bytes",
    "check_shapes",
    "check_training",
    "checks",
]

Check = Callable[[str], None]
"""Takes the operator's name and raises AssertionError where a claim does not hold."""

_OF_ALL: tuple[Check, ...] = (
    check_declaration,
    check_docstring,
    check_refusals,
    check_no_torch_in_a_plan,
    check_parameters,
    check_flops,
    check_saved_bytes,
    check_peak_bytes,
    check_shapes,
    check_dtypes,
    check_deterministic,
    check_batch_independence,
    check_gradients,
    check_training,
)
_OF_AN_ATTENTION: tuple[Check, ...] = (
    check_exact,
    check_causal,
    check_mask,
    check_grouped_heads,
    check_linear_in_v,
    check_rows_sum_to_one,
    check_nonnegative,
    check_matrix_rank,
    check_random,
)
_OF_AN_ADAPTER: tuple[Check, ...] = (check_perturb, check_merge, check_training)


def checks(name: str) -> tuple[Check, ...]:
    """Gives the checks that apply to an operator, in the order in which a failure explains those after it.

    Raises:
        UsageError: no such operator.
    """
    operator = operators.load(name)
    if isinstance(operator, Attention):
        return _OF_ALL + _OF_AN_ATTENTION
    return _OF_ALL + _OF_AN_ADAPTER if isinstance(operator, Adapter) else _OF_ALL


def check_operator(name: str) -> None:
    """Runs every check that applies to an operator.

    Raises:
        AssertionError: the first claim that does not hold: the operator, what is claimed, what was observed.
        UsageError: no such operator.
    """
    for check in checks(name):
        check(name)
