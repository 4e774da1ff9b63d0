"""Model error and rounding error, apart, against answers known beforehand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import reference, workload
from bench.measure.metrics import error

CORE = Case(operator="full_naive", seq_len=32, hidden_size=32, num_heads=2, head_dim=16)
PROJECTION = Case(operator="lora", scope="projection", seq_len=16, hidden_size=32, out_features=24, rank=4)
EPS = 2.0**-52


def measured(case: Case) -> dict[str, Any]:
    torch.set_num_threads(1)
    return error.measure(workload.build(case))


@pytest.mark.parametrize("operator", ["full_naive", "sdpa"])
def test_exact_attention_has_no_model_error_but_rounding(operator: str) -> None:
    """Two ways to add 32 terms in float64."""
    found = measured(CORE.replace(operator=operator))

    assert found["output_rel_error"] <= 32 * EPS
    assert found["attention_rel_error"] <= 32 * EPS


def test_the_rounding_error_of_float32_is_of_the_order_of_its_precision() -> None:
    """Half an ulp is 2^-24; two products of 16 and 32 terms and a softmax can't add up to more than their number."""
    found = measured(CORE)["rounding_rel_error"]

    assert 2**-28 < found < (16 + 32 + 8) * 2**-24


def test_float64_against_itself_has_no_rounding_error() -> None:
    assert measured(CORE.replace(dtype="float64"))["rounding_rel_error"] == 0.0


def test_fewer_bits_round_more_and_leave_the_model_error_what_it_is() -> None:
    """bfloat16 has 16 bits fewer than float32: 2^16 times the error, within the spread of a few."""
    single, half = (measured(CORE.replace(dtype=dtype)) for dtype in ("float32", "bfloat16"))

    assert half["rounding_rel_error"] > 2**12 * single["rounding_rel_error"]
    assert half["output_rel_error"] <= 32 * EPS


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_the_svd_oracle_reaches_the_eckart_young_bound(rank: int) -> None:
    case = CORE.replace(operator="svd_oracle", rank=rank)
    built = workload.build(case)
    matrices = reference.attention_matrix(built.inputs["q"], built.inputs["k"])[0]
    bound = reference.hardness(matrices, [rank]).eckart_young_error[rank]

    # the errors of an SVD in float64 are 32 · EPS of its largest value; relative to an error that is smaller than it
    assert measured(case)["attention_rel_error"] == pytest.approx(bound, rel=1e-9)


@pytest.mark.parametrize(("operator", "rank"), [("linformer", 4), ("nystrom", 4), ("performer", 4)])
def test_an_approximation_has_a_model_error_far_above_rounding(operator: str, rank: int) -> None:
    found = measured(CORE.replace(operator=operator, rank=rank))

    assert found["output_rel_error"] > 1e-2
    assert found["output_rel_error"] > 100 * found["rounding_rel_error"]


def test_a_random_operator_tells_the_spread_over_its_draws() -> None:
    found = measured(CORE.replace(operator="performer", rank=8))

    assert found["output_rel_error_p10"] < found["output_rel_error"] < found["output_rel_error_p90"]
    assert found["attention_rel_error_p10"] < found["attention_rel_error"] < found["attention_rel_error_p90"]


def test_an_operator_without_draws_has_no_spread() -> None:
    assert measured(CORE.replace(operator="linformer", rank=8)).keys() == {
        "output_rel_error",
        "attention_rel_error",
        "rounding_rel_error",
    }


def test_merged_lora_is_lora_but_for_rounding() -> None:
    """W0 + BA applied to x and W0 x + BA x: sums of 32 and 4 terms in float64."""
    found = measured(PROJECTION.replace(operator="lora_merged"))

    assert 0 < found["output_rel_error"] < 64 * EPS


def test_an_adapter_without_a_reference_has_rounding_error_only() -> None:
    assert measured(PROJECTION.replace(operator="full", rank=None)).keys() == {"rounding_rel_error"}


@pytest.mark.parametrize("operator", ["linformer", "full_naive"])
def test_a_layer_is_judged_against_the_same_layer_with_exact_attention(operator: str) -> None:
    found = measured(CORE.replace(operator=operator, scope="layer", rank=4 if operator == "linformer" else None))

    if operator == "full_naive":
        assert found["output_rel_error"] < 256 * EPS  # four more products in a row
    else:
        assert found["output_rel_error"] > 1e-2
    assert "attention_rel_error" not in found


def test_of_a_long_sequence_the_first_and_the_last_head_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any that is long enough; the two heads are those that the same operator gives in the whole output."""
    monkeypatch.setattr(reference, "_WORK", 1)
    case = CORE.replace(operator="uniform", seq_len=1030, hidden_size=24, num_heads=3, head_dim=8)
    built = workload.build(case)
    q, k, v = (built.inputs[name].double()[:, [0, 2]] for name in "qkv")
    exact = reference.attention(q, k, v)
    uniform = v.mean(dim=-2, keepdim=True).expand_as(v)

    expected = float((uniform - exact).norm() / exact.norm())
    assert measured(case)["output_rel_error"] == pytest.approx(expected, rel=1e-9)


def test_beyond_what_a_matrix_is_formed_of_the_output_s_errors_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [CORE.replace(operator="uniform"), CORE.replace(operator="full_naive", dtype="float32")]
    uniform, naive = (measured(case) for case in cases)

    monkeypatch.setattr(reference, "MATRIX_UP_TO", CORE.seq_len - 1)

    assert uniform.pop("attention_rel_error") > 0.0
    assert measured(cases[0]) == uniform
    exact = measured(cases[1])
    assert exact.pop("output_rel_error") <= 32 * EPS
    assert exact == {"rounding_rel_error": pytest.approx(naive["rounding_rel_error"], rel=1e-6)}


@pytest.mark.parametrize("causal", [False, True])
def test_of_an_exact_operator_the_last_queries_are_judged(causal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is exact has no error by its last 8 queries, and one that gives something else is seen."""
    monkeypatch.setattr(reference, "MATRIX_UP_TO", CORE.seq_len - 1)
    monkeypatch.setattr(error, "_LAST", 8)
    case = CORE.replace(operator="sdpa", provider="torch", causal=causal)

    assert measured(case)["output_rel_error"] <= 32 * EPS
    wrong = operators.load("sdpa")
    monkeypatch.setattr(type(wrong), "build", lambda self, case, generator: lambda q, k, v: q)
    assert measured(case)["output_rel_error"] > 0.1


@pytest.mark.parametrize("changes", [{"causal": True}, {"mask": "padding"}, {"num_kv_heads": 1}], ids=str)
def test_causality_masks_and_shared_keys_hold_for_both_sides(changes: dict[str, Any]) -> None:
    found = measured(CORE.replace(operator="sdpa", **changes))

    assert found["output_rel_error"] <= 32 * EPS
    assert math.isfinite(found["rounding_rel_error"])


def test_what_stands_for_another_operator_is_judged_against_that_one() -> None:
    """Skyformer with every query and key a landmark is the Gaussian kernel, and far from softmax attention."""
    kernel = measured(CORE.replace(operator="kernel_gaussian"))
    found = measured(CORE.replace(operator="skyformer", rank=64, options=(("ridge", 0.0),)))

    assert kernel["attention_rel_error"] > 0.5
    # a solve with κ(L, L), whose condition number is below 1e5 here
    assert found["attention_rel_error"] < 1e5 * EPS
    assert found["output_rel_error"] < 1e5 * EPS


def test_a_swapped_network_is_judged_against_the_exact_one(swapped: Case) -> None:
    exact = measured(swapped)
    found = measured(swapped.replace(operator="linformer", provider="bench", rank=2))

    assert exact["output_rel_error"] < 64 * EPS
    assert found["output_rel_error"] > 1e-3
    assert "attention_rel_error" not in found


def test_a_swapped_network_rounds_as_its_dtype_does(swapped: Case) -> None:
    """Two layers of products of 16 and 24 terms, norms between them."""
    found = measured(swapped.replace(dtype="float32"))["rounding_rel_error"]

    assert 2**-28 < found < 200 * 2**-24


def test_of_a_large_batch_the_first_samples_are_judged(swapped: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case = swapped.replace(operator="linformer", provider="bench", rank=2)
    whole = workload.build(case)
    few = workload.build(case, {name: tensor[:2] for name, tensor in whole.inputs.items()})
    of_all, of_few = error.measure(whole), error.measure(few)

    monkeypatch.setattr(error, "_TOKENS", 2 * case.seq_len + 1)
    assert error.measure(whole) == pytest.approx(of_few, rel=1e-6)
    assert of_few != pytest.approx(of_all, rel=1e-6)


def test_a_network_before_its_training_is_judged_against_nothing(small: Case) -> None:
    found = measured(small.replace(operator="linformer", provider="bench", rank=4))

    assert found.keys() == {"rounding_rel_error"}
