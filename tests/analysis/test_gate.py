"""What is exact is gated to the last digit, and errors by their tolerance, never by statistics."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from bench.analysis.gate import ACCURACY, EXACT, accuracy_verdicts, exact_verdicts
from bench.measure import metrics

ABOUT = {"case_id": "c", "case_hash": "h", "group": "g"}


def exact(base: dict[str, Any], head: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(v.metric, v.verdict, v.reason) for v in exact_verdicts(base, head, **ABOUT)]


def accuracy(base: dict[str, Any], head: dict[str, Any], tolerance: float = 0.05) -> list[tuple[str, str, str]]:
    return [(v.metric, v.verdict, v.reason) for v in accuracy_verdicts(base, head, tolerance=tolerance, **ABOUT)]


@pytest.mark.parametrize("name", [*EXACT, *ACCURACY])
def test_every_gated_column_is_one_of_a_metric_and_less_of_it_is_better(name):
    better = {column.name: column.better for each in metrics.names() for column in metrics.load(each).columns}

    assert better[name] == "lower"


@pytest.mark.parametrize("name", EXACT)
def test_one_more_is_a_regression_and_one_less_an_improvement(name):
    assert exact({name: 1000}, {name: 1001}) == [(name, "regressed", "more")]
    assert exact({name: 1000}, {name: 999}) == [(name, "improved", "less")]
    assert exact({name: 1000}, {name: 1000}) == [(name, "unchanged", "equal")]


def test_a_verdict_carries_the_case_both_values_and_their_ratio():
    verdict = exact_verdicts({"flops_counted": 8}, {"flops_counted": 10.0}, **ABOUT)[0]

    assert (verdict.case_id, verdict.case_hash, verdict.group) == ("c", "h", "g")
    assert (verdict.base, verdict.head, verdict.ratio) == (8.0, 10.0, 1.25)
    assert (verdict.ratio_ci_low, verdict.rounds, verdict.more_rounds) == (None, 0, None)


def test_from_nothing_there_is_no_ratio():
    verdict = exact_verdicts({"flops_counted": 0}, {"flops_counted": 10}, **ABOUT)[0]

    assert (verdict.verdict, verdict.ratio) == ("regressed", None)


@pytest.mark.parametrize("absent", [None, math.nan, pd.NA, math.inf])
def test_a_metric_that_one_side_lacks_is_told_and_one_that_both_lack_is_not(absent):
    assert exact({"flops_counted": 8}, {"flops_counted": absent}) == [("flops_counted", "failed", "lost_in_head")]
    assert exact({"flops_counted": absent}, {"flops_counted": 8}) == [("flops_counted", "new", "only_in_head")]
    assert exact({"flops_counted": absent}, {}) == []
    assert accuracy({"output_rel_error": 0.1}, {"output_rel_error": absent}) == [
        ("output_rel_error", "failed", "lost_in_head")
    ]


def test_other_columns_are_left_alone():
    assert exact({"latency_median_s": 1.0, "peak_rss_bytes": 1}, {"latency_median_s": 2.0, "peak_rss_bytes": 2}) == []
    assert accuracy({"eckart_young_error": 0.1}, {"eckart_young_error": 0.2}) == []


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        (0.1, 0.1049, ("unchanged", "within_tolerance")),
        (0.1, 0.1051, ("regressed", "beyond_tolerance")),
        (0.1051, 0.1, ("improved", "beyond_tolerance")),
        (0.1, 0.1, ("unchanged", "equal")),
        (1e-16, 9e-13, ("unchanged", "within_tolerance")),  # rounding in float64 is no model error
        (1e-16, 1.1e-12, ("regressed", "beyond_tolerance")),
    ],
)
def test_a_model_error_may_grow_by_its_tolerance(base, head, verdict):
    assert accuracy({"attention_rel_error": base}, {"attention_rel_error": head}) == [
        ("attention_rel_error", *verdict)
    ]


@pytest.mark.parametrize("metric", ["rounding_rel_error", "agreement_rel_error"])
@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        (4e-7, 8.9e-7, ("unchanged", "within_tolerance")),  # 2 × 4e-7 + 1e-7
        (4e-7, 9.1e-7, ("regressed", "beyond_tolerance")),
        (0.0, 9e-8, ("unchanged", "within_tolerance")),
        (4e-3, 1.9e-3, ("improved", "beyond_tolerance")),  # bfloat16
    ],
)
def test_an_error_of_rounding_may_double(metric, base, head, verdict):
    assert accuracy({metric: base}, {metric: head}) == [(metric, *verdict)]


def test_a_tolerance_above_one_holds_for_rounding_too():
    assert accuracy({"rounding_rel_error": 1e-3}, {"rounding_rel_error": 3.5e-3}, tolerance=3.0) == [
        ("rounding_rel_error", "unchanged", "within_tolerance")
    ]
