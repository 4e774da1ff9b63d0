"""The untimed passes: which facts each gives, and what it leaves out."""

from __future__ import annotations

import math

import pytest
import torch

from bench.case import Case
from bench.measure import passes

CASE = Case(operator="linformer", seq_len=32, hidden_size=16, num_heads=2, head_dim=8, rank=8, threads=1)


def test_a_digest_is_elements_root_mean_square_and_the_mean_of_each_half() -> None:
    found = passes.digest(torch.tensor([[3.0, 3.0], [-1.0, -1.0]]))

    assert found.numbers == [4.0, math.sqrt(5.0), 3.0, -1.0]
    assert found.finite


def test_a_digest_sees_two_halves_that_are_swapped() -> None:
    output = torch.arange(6.0)

    assert passes.digest(output) != passes.digest(output.flip(0))


def test_a_digest_counts_what_is_not_finite() -> None:
    found = passes.digest(torch.tensor([1.0, math.nan, math.inf, -math.inf]))

    assert (found.not_finite, found.finite, found.numbers) == (3, False, [])


def test_the_cost_pass_gives_a_digest_and_the_columns_of_the_cost_metrics() -> None:
    facts = passes.run("cost", CASE, {})

    assert {"output_digest", "peak_tensor_bytes", "flops_counted", "kernel"} <= facts.keys()
    assert "output_rel_error" not in facts
    assert facts["warnings"] == []


def test_the_accuracy_pass_gives_the_errors_and_nothing_else() -> None:
    facts = passes.run("accuracy", CASE, {})

    assert {"output_rel_error", "attention_rel_error", "rounding_rel_error"} <= facts.keys()
    assert "peak_tensor_bytes" not in facts


def test_an_output_that_is_not_finite_ends_the_cost_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = {name: torch.full((1, 2, 32, 8), math.nan, dtype=torch.float64) for name in "qkv"}
    monkeypatch.setattr(passes.workload, "draw_inputs", lambda case: {k: v.float() for k, v in inputs.items()})

    assert passes.run("cost", CASE, {}) == {"warnings": [], "not_finite": 2 * 32 * 8}


def test_hardness_is_that_of_the_input_whatever_the_operator() -> None:
    linformer, performer = (
        passes.run("hardness", CASE.replace(operator=o), {"ranks": [4]}) for o in ("linformer", "performer")
    )

    assert linformer == performer


def test_hardness_has_the_bound_at_each_rank_that_is_asked_for() -> None:
    bounds = passes.run("hardness", CASE, {"ranks": [1, 4, 32]})["eckart_young"]

    assert bounds["1"] > bounds["4"] > bounds["32"] == 0.0


def test_the_entropy_of_a_single_token_is_absent_and_not_nan() -> None:
    facts = passes.run("hardness", CASE.replace(seq_len=1, rank=None, operator="sdpa"), {"ranks": []})

    assert facts == {"input_stable_rank": pytest.approx(1.0), "eckart_young": {}}


def test_of_more_tokens_than_a_matrix_is_formed_of_there_is_a_warning_and_no_hardness() -> None:
    long = CASE.replace(operator="sdpa", rank=None, seq_len=4097)

    (warning,) = passes.run("hardness", long, {"ranks": [4]}).pop("warnings")

    assert warning.startswith("whole matrices are formed of up to 4096 tokens: no hardness")


def test_with_fewer_key_heads_hardness_looks_at_the_key_head_of_each_query_head() -> None:
    facts = passes.run("hardness", CASE.replace(operator="sdpa", rank=None, num_kv_heads=1), {"ranks": []})

    assert 0.0 < facts["input_entropy"] <= 1.0


def test_the_pass_of_a_task_gives_its_scores(small: Case) -> None:
    facts = passes.run("task", small.replace(steps=2), {})

    assert {"task_metric", "scores", "curve"} <= facts.keys()


def test_the_pass_of_baselines_gives_what_is_trivial(small: Case) -> None:
    assert passes.run("baselines", small, {}) == {"task_majority": 0.25}


@pytest.mark.parametrize("phase", ["forward", "train"])
@pytest.mark.parametrize("application", ["small", "swapped", "adapted"])
def test_the_cost_of_a_task_s_network_is_counted(
    request: pytest.FixtureRequest, application: str, phase: str
) -> None:
    case = request.getfixturevalue(application).replace(phase=phase)
    facts = passes.run("cost", case, {})

    assert facts["warnings"] == []
    assert facts["flops_counted"] > 0
    assert facts["parameters_counted"] > facts["trainable_parameters_counted"] or application != "adapted"
    assert ("saved_for_backward_bytes" in facts) == (phase == "train")
