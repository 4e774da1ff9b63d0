from __future__ import annotations

import json
import re

import pytest

from bench.report.exports.bencher import render

CASE = "linformer[bench] core/forward n=16 d=16 r=4 fp32 cpu head_dim=8"


@pytest.fixture
def found(small):
    return json.loads(render(small.table, small.rounds, small.info))


def test_latency_is_in_nanoseconds_with_our_interval(found, small):
    row = small.table.set_index("case_id").loc[CASE]

    assert found[CASE]["latency"] == {
        "value": pytest.approx(1e9 * row["latency_median_s"]),
        "lower_value": pytest.approx(1e9 * row["latency_ci_low_s"]),
        "upper_value": pytest.approx(1e9 * row["latency_ci_high_s"]),
    }


def test_other_measures_are_in_their_own_units(found, small):
    row = small.table.set_index("case_id").loc[CASE]

    assert found[CASE]["latency-ratio"]["value"] == row["latency_ratio"]
    assert found[CASE]["peak-bytes"] == {"value": 16384}


def test_every_case_with_a_latency_is_there_and_no_other(found, small):
    assert list(found) == small.table.loc[small.table["status"] == "ok", "case_id"].tolist()


def test_it_is_what_bencher_takes(found):
    """Source: https://bencher.dev/docs/reference/bencher-metric-format, read in 2026: schema and lengths of names."""
    for name, measures in found.items():
        assert 0 < len(name) <= 1024
        for slug, metric in measures.items():
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
            assert len(slug) <= 64
            assert {"value"} <= metric.keys() <= {"value", "lower_value", "upper_value"}
            assert all(isinstance(value, int | float) for value in metric.values())
