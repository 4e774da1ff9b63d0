from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest

from bench.measure import workload
from bench.profile.trace import CALL, TRACE, record


@pytest.fixture
def traced(tmp_path):
    def trace(case):
        facts = record(workload.build(case), tmp_path)
        with gzip.open(tmp_path / TRACE, "rt") as file:
            return facts, json.load(file)

    return trace


def names(content):
    return Counter(event.get("name") for event in content["traceEvents"])


def test_the_trace_holds_the_two_products_of_each_naive_call(traced, naive):
    facts, content = traced(naive)

    assert names(content)[CALL] == facts["calls"]
    assert names(content)["aten::bmm"] == 2 * facts["calls"]  # q kᵀ and the product with v


def test_the_trace_of_sdpa_names_the_kernel_that_ran(traced, sdpa):
    _, content = traced(sdpa)

    assert names(content)["aten::_scaled_dot_product_flash_attention_for_cpu"] > 0
    assert names(content)["aten::bmm"] == 0


def test_the_trace_does_not_name_the_host(traced, naive):
    assert "host_name" not in traced(naive)[1]


def test_operators_stand_by_self_time_and_share_one_call(traced, naive):
    facts, _ = traced(naive)
    operators = facts["operators"]

    assert [each["self_s"] for each in operators] == sorted((each["self_s"] for each in operators), reverse=True)
    assert next(each["calls"] for each in operators if each["name"] == "aten::bmm") == 2
    assert all(each["share"] == pytest.approx(each["self_s"] / facts["seconds_per_call"]) for each in operators)
    assert 0 < sum(each["share"] for each in operators) <= 1 + 1e-9  # self times of one thread do not overlap
    assert CALL not in {each["name"] for each in operators}
