from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.report.exports._exported import exported

CASE = "linformer[bench] core/forward n=32 d=16 r=4 fp32 cpu head_dim=8"


@pytest.fixture(scope="module")
def cases(small):
    return {case.case_id: case for case in exported(small.table, small.rounds, small.info)}


def test_every_row_of_the_table_is_there_in_its_order(cases, small):
    assert list(cases) == small.table["case_id"].tolist()


def test_parameters_are_the_case_as_measured_without_what_is_absent(cases):
    assert cases[CASE].parameters == {
        "operator": "linformer",
        "provider": "bench",
        "scope": "core",
        "phase": "forward",
        "device": "cpu",
        "dtype": "float32",
        "batch_size": 1,
        "seq_len": 32,
        "num_heads": 2,
        "num_kv_heads": 2,
        "head_dim": 8,
        "hidden_size": 16,
        "rank": 4,
        "causal": False,
        "mask": "none",
        "input": "iid",
        "compiled": False,
        "threads": 2,
        "seed": 0,
    }


def test_the_identity_is_what_the_case_hash_is_made_of(cases):
    assert cases[CASE].identity == {
        "operator": "linformer",
        "seq_len": 32,
        "num_heads": 2,
        "head_dim": 8,
        "hidden_size": 16,
        "rank": 4,
    }


def test_the_median_of_the_samples_is_the_tables(cases, small):
    rows = small.table.set_index("case_id")

    for case in cases.values():
        if case.measured:
            assert case.latency.value == rows.loc[case.case_id, "latency_median_s"]
            assert np.median(case.latency.samples) == pytest.approx(case.latency.value, rel=1e-12)
            assert (case.latency.low, case.latency.high) == pytest.approx(
                tuple(rows.loc[case.case_id, ["latency_ci_low_s", "latency_ci_high_s"]])
            )


def test_a_ratio_has_a_sample_a_round_and_a_baseline_has_none(cases, small):
    baseline = small.table.set_index("case_id").loc[CASE, "baseline"]
    ratio = cases[CASE].measures["latency_ratio"]

    assert np.median(ratio.samples) == pytest.approx(ratio.value, rel=1e-12)
    assert "latency_ratio" not in cases[baseline].measures


def test_a_case_without_a_latency_has_no_measure(cases):
    absent = [case for case in cases.values() if case.status != "ok"]

    assert {case.status for case in absent} == {"oom", "skipped", "unsupported"}
    assert all(case.measures == {} and case.reason for case in absent)


def test_only_a_failure_failed(cases):
    assert {case.status for case in cases.values() if case.failed} == {"oom"}


def test_what_is_not_finite_is_told_by_its_name(small):
    table = small.table.assign(output_rel_error=np.inf)

    assert exported(table, small.rounds, small.info)[0].facts["output_rel_error"] == "inf"


def test_what_is_absent_is_not_there(small):
    table = small.table.assign(energy_j=np.nan, kernel=pd.Series([pd.NA] * len(small.table), dtype="string"))

    assert not {"energy_j", "kernel"} & exported(table, small.rounds, small.info)[0].facts.keys()


def test_a_run_whose_folder_was_renamed_has_its_rounds(cases, small):
    renamed = exported(small.table, small.rounds.assign(run="another-name"), small.info)

    assert [case.measures for case in renamed] == [case.measures for case in cases.values()]
