from __future__ import annotations

import json
import math

import pytest

from bench.report.exports.github_action_benchmark import render

CASE = "linformer[bench] core/forward n=16 d=16 r=4 fp32 cpu head_dim=8"


@pytest.fixture
def entries(small):
    return {each["name"]: each for each in json.loads(render(small.table, small.rounds, small.info))}


def test_every_case_with_a_latency_has_its_measures_in_their_units(entries, small):
    row = small.table.set_index("case_id").loc[CASE]
    latency, ratio = entries[f"{CASE} (latency)"], entries[f"{CASE} (latency_ratio)"]

    assert (latency["unit"], latency["value"]) == ("ms", pytest.approx(1e3 * row["latency_median_s"]))
    assert (ratio["unit"], ratio["value"]) == ("× baseline", row["latency_ratio"])
    assert (entries[f"{CASE} (peak_bytes)"]["unit"], entries[f"{CASE} (peak_bytes)"]["value"]) == ("B", 16384)
    assert sum(name.endswith("(latency)") for name in entries) == (small.table["status"] == "ok").sum()


def test_the_range_is_the_interval(entries, small):
    row = small.table.set_index("case_id").loc[CASE]
    low, high = entries[f"{CASE} (latency)"]["range"].split(" … ")

    assert (float(low), float(high)) == pytest.approx(
        (1e3 * row["latency_ci_low_s"], 1e3 * row["latency_ci_high_s"]), rel=1e-3
    )


def test_no_value_is_zero_for_values_are_divided_by_those_of_the_run_before(small):
    table = small.table.assign(peak_tensor_bytes=0.0)
    entries = json.loads(render(table, small.rounds, small.info))

    assert entries
    assert all(each["value"] > 0 and math.isfinite(each["value"]) for each in entries)


def test_the_fields_are_those_of_the_action_and_of_its_types(entries):
    for each in entries.values():
        assert {"name", "unit", "value"} <= each.keys() <= {"name", "unit", "value", "range", "extra"}
        assert all(isinstance(each[name], str) for name in each.keys() - {"value"})


def test_the_record_behind_a_value_is_told(entries, small):
    assert (
        f"case_hash: {small.table.set_index('case_id').loc[CASE, 'case_hash']}"
        in entries[f"{CASE} (latency)"]["extra"]
    )
