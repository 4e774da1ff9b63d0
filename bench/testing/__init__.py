"""The contract of an operator as functions, for our own tests and for authors of plug-ins.

An operator is named as the catalogue knows it: installed with an entry point ``bench.operators``, or added by
``bench.operators.catalogue.add_module``. Each check raises AssertionError with the operator, what it claims and what
was observed; a check of something that the operator does not claim passes. ::

    import bench.testing

    def test_my_operator_keeps_the_contract():
        bench.testing.check_operator("my_operator")

What an operator does is checked by the properties of `bench.audit`, each as an assertion; what it says of itself,
before anything is built, is checked here.
"""

from __future__ import annotations

from collections.abc import Callable

from bench import operators
from bench.audit.examine import applying
from bench.audit.subject import Subject
from bench.operators._base import Adapter
from bench.testing._adapter import check_perturb
from bench.testing._assertion import assertion
from bench.testing._declared import check_declaration, check_docstring, check_no_torch_in_a_plan, check_refusals

__all__ = [
    "Check",
    "check_another_batch",
    "check_batch_independence",
    "check_cache",
    "check_causal",
    "check_cross_length",
    "check_declaration",
    "check_decode",
    "check_deterministic",
    "check_docstring",
    "check_dtypes",
    "check_exact",
    "check_flops",
    "check_flops_growth",
    "check_gradients",
    "check_grouped_heads",
    "check_inputs_untouched",
    "check_large_scores",
    "check_linear_in_v",
    "check_mask",
    "check_masked_samples",
    "check_matrix_rank",
    "check_memory_growth",
    "check_merge",
    "check_modes",
    "check_no_torch_in_a_plan",
    "check_nonnegative",
    "check_operator",
    "check_padding",
    "check_parameters",
    "check_peak_bytes",
    "check_perturb",
    "check_precision",
    "check_random",
    "check_refusals",
    "check_repeated_calls",
    "check_rows_sum_to_one",
    "check_saved_bytes",
    "check_scale",
    "check_shapes",
    "check_step_zero",
    "check_strides",
    "check_trainable_parameters",
    "check_training",
    "check_uneven_length",
    "check_unmerge",
    "check_update_rank",
    "check_weights_dtype",
    "checks",
]

Check = Callable[[str], None]
"""Takes the operator's name and raises AssertionError where a claim does not hold."""

check_another_batch = assertion("another_batch")
check_batch_independence = assertion("batch_independence")
check_cache = assertion("cache")
check_causal = assertion("causal")
check_cross_length = assertion("cross_length")
check_decode = assertion("decode")
check_deterministic = assertion("deterministic")
check_dtypes = assertion("dtypes")
check_exact = assertion("exact")
check_flops = assertion("flops")
check_flops_growth = assertion("flops_growth")
check_gradients = assertion("gradients")
check_grouped_heads = assertion("grouped_heads")
check_inputs_untouched = assertion("inputs_untouched")
check_large_scores = assertion("large_scores")
check_linear_in_v = assertion("linear_in_v")
check_mask = assertion("mask")
check_masked_samples = assertion("masked_samples")
check_matrix_rank = assertion("matrix_rank")
check_memory_growth = assertion("memory_growth")
check_merge = assertion("merge")
check_modes = assertion("modes")
check_nonnegative = assertion("nonnegative")
check_padding = assertion("padding")
check_parameters = assertion("parameters")
check_peak_bytes = assertion("peak_bytes")
check_precision = assertion("precision")
check_random = assertion("random")
check_repeated_calls = assertion("repeated_calls")
check_rows_sum_to_one = assertion("rows_sum_to_one")
check_saved_bytes = assertion("saved_bytes")
check_scale = assertion("scale")
check_shapes = assertion("shapes")
check_step_zero = assertion("step_zero")
check_strides = assertion("strides")
check_trainable_parameters = assertion("trainable_parameters")
check_training = assertion("training")
check_uneven_length = assertion("uneven_length")
check_unmerge = assertion("unmerge")
check_update_rank = assertion("update_rank")
check_weights_dtype = assertion("weights_dtype")

_DECLARED: tuple[Check, ...] = (check_declaration, check_docstring, check_refusals, check_no_torch_in_a_plan)


def checks(name: str) -> tuple[Check, ...]:
    """Gives the checks that apply to an operator: of what it declares, then the properties of the audit.

    Raises:
        UsageError: no such operator.
    """
    perturbed = (check_perturb,) if isinstance(operators.load(name), Adapter) else ()
    return (*_DECLARED, *perturbed, *(assertion(prop) for prop in applying(Subject(name))))


def check_operator(name: str) -> None:
    """Runs every check that applies to an operator.

    Raises:
        AssertionError: the first claim that does not hold: the operator, what is claimed, what was observed.
        UsageError: no such operator.
    """
    for check in checks(name):
        check(name)
