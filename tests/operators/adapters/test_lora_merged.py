"""What is particular to merged LoRA: it costs the base, whatever was merged, and equals the LoRA it came from."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload

MERGED = operators.load("lora_merged")
CASE = Case(operator="lora_merged", scope="projection", seq_len=16, hidden_size=24, out_features=40, dtype="float64")
X = torch.randn(1, 16, 24, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_it_costs_what_the_plain_projection_costs() -> None:
    merged, plain = MERGED.cost(CASE), operators.load("full").cost(CASE)

    assert (merged.forward_flops, merged.forward_peak_bytes, merged.parameters) == (
        plain.forward_flops,
        plain.forward_peak_bytes,
        plain.parameters,
    )


def test_its_cost_does_not_depend_on_what_was_merged() -> None:
    assert MERGED.cost(CASE) == MERGED.cost(CASE.replace(options=(("merged_rank", 2.0),)))


def test_its_weight_depends_on_what_was_merged() -> None:
    outputs = [workload.build(CASE.replace(options=(("merged_rank", rank),)), {"x": X}).call() for rank in (8.0, 2.0)]

    assert not torch.allclose(*outputs)


@pytest.mark.parametrize("options", [(), (("alpha", 3.0), ("merged_rank", 4.0))])
def test_it_equals_the_lora_of_its_reference_case(options: tuple[tuple[str, float], ...]) -> None:
    case = CASE.replace(options=options)
    reference = MERGED.reference_case(case)

    merged, unmerged = (workload.build(each, {"x": X}).call() for each in (case, reference))
    assert reference.operator == "lora"
    # float64: sums of 24 products of size about 1 on either side
    torch.testing.assert_close(merged, unmerged, rtol=0, atol=1e-13)


def test_it_is_not_the_base() -> None:
    case = CASE.replace(operator="full")

    merged, base = (workload.build(each, {"x": X}).call() for each in (CASE, case))
    assert (merged - base).abs().max() > 0.1


def test_training_is_refused_with_the_remedy() -> None:
    reason = MERGED.unsupported(CASE.replace(phase="train"))

    assert reason == "lora_merged has nothing to train: merging ends the training; take lora"
