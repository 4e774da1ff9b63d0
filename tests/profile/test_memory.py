from __future__ import annotations

import gc
import shutil

import pytest

from bench.measure import workload
from bench.measure.metrics import memory as metric
from bench.profile.memory import Allocation, Change, alive_at_peak, record

MATRICES = 4 * 2 * 64 * 64
"""Bytes of the n × n matrices of two heads in float32."""


def recorded(case):
    built = workload.build(case)
    gc.collect()  # cycles of earlier tests, freed inside the call, would be its own
    return record(built)


@pytest.mark.parametrize("phase", ["forward", "train"])
@pytest.mark.parametrize("scope", ["core", "layer"])
@pytest.mark.parametrize("operator", ["full_naive", "sdpa", "linformer"])
def test_the_peak_is_the_metric_s(naive, operator, scope, phase):
    rank = 8 if operator == "linformer" else None
    case = naive.replace(operator=operator, scope=scope, phase=phase, rank=rank)
    built = workload.build(case)
    gc.collect()
    measured = metric.measure(built)["peak_tensor_bytes"]

    assert recorded(case)["peak_bytes"] == measured


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on the CPU needs g++")
def test_a_compiled_call_s_peak_is_the_metric_s_too(naive):
    case = naive.replace(compiled=True)
    measured = metric.measure(workload.build(case))["peak_tensor_bytes"]

    assert recorded(case)["peak_bytes"] == measured


def test_scores_and_probabilities_of_naive_attention_are_what_is_alive_at_its_peak(naive):
    facts = recorded(naive)

    found = [(each["bytes"], each["operator"]) for each in facts["allocations"]]
    assert sorted(found) == [(MATRICES, "aten::_softmax"), (MATRICES, "aten::bmm")]
    assert facts["peak_bytes"] == 2 * MATRICES


def test_an_allocation_names_the_line_that_asked_for_it(naive):
    softmax = next(each for each in recorded(naive)["allocations"] if each["operator"] == "aten::_softmax")

    assert softmax["source"].rpartition(":")[0].endswith("bench/operators/attention/full_naive.py")
    assert "softmax" in softmax["code"]
    assert softmax["backward"] == ""


def test_an_allocation_of_the_backward_pass_names_the_forward_line(naive):
    allocations = recorded(naive.replace(phase="train"))["allocations"]
    softmax = next(each for each in allocations if each["operator"] == "aten::_softmax_backward_data")

    assert softmax["backward"].startswith("SoftmaxBackward")
    assert "softmax" in softmax["code"]
    assert softmax["bytes"] == MATRICES


def test_the_time_line_ends_where_it_began_when_a_call_keeps_nothing(naive):
    timeline = recorded(naive)["timeline"]

    assert timeline[-1][2] == 0 == sum(row[1] for row in timeline)
    assert [row[0] for row in timeline] == sorted(row[0] for row in timeline)


def piece(size: int) -> Allocation:
    return Allocation(size, 0.0, "", "", "", "")


def test_what_was_freed_before_the_peak_is_not_alive_there():
    small, large, late = piece(10), piece(100), piece(5)
    changes = [
        *(Change(0.0, 10, 10, small), Change(0.1, 30, 40, piece(30)), Change(0.2, -10, 30, small)),
        *(Change(0.3, 100, 130, large), Change(0.4, -100, 30, large), Change(0.5, 5, 35, late)),
    ]

    assert alive_at_peak(changes) == (130, [large, piece(30)])


def test_a_call_that_only_gives_back_has_its_peak_at_its_start():
    assert alive_at_peak([Change(0.0, -8, -8, None)]) == (0, [])
